"""The one way of a submission through the hub: door, read, translate, judge, link, commit, receipt."""
