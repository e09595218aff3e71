"""The provincial hub (省平台): takes submissions, translates, judges, links, counts and publishes."""
