"""From records to Parquet files: fixed columns, whole files, one manifest a window."""
