"""The upload ledger (上传台账): counts, expected volumes and the bulletin made from them."""
