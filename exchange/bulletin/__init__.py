"""The bulletin that a province publishes (通报): as a value, and its renderings."""

from exchange.bulletin.comparison import PrintedBulletin
from exchange.bulletin.value import Bulletin, BulletinRow, from_json, to_json

__all__ = ["Bulletin", "BulletinRow", "PrintedBulletin", "from_json", "to_json"]
