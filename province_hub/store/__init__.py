"""What the hub keeps: tables, the database engine, reading of records."""
