#!/usr/bin/env python3
"""Reads a HATS catalogue as others do: every cell with pyarrow, the whole with pyarrow.dataset, and with the package `hats`
where it is installed. Prints what was found as JSON.

    python3 scripts/check-hats.py FOLDER
"""
import csv
import json
import sys
from pathlib import Path

import pyarrow.dataset
import pyarrow.parquet

root = Path(sys.argv[1])
with open(root / "partition_info.csv", newline="") as file:
    cells = [(int(row["Norder"]), int(row["Npix"])) for row in csv.DictReader(file)]
found = {"partitions": len(cells), "rows": 0, "sorted": True, "inside": True}
names = []
for order, pixel in cells:
    path = root / "dataset" / f"Norder={order}" / f"Dir={pixel // 10000 * 10000}" / f"Npix={pixel}.parquet"
    table = pyarrow.parquet.read_table(path, partitioning=None)
    names = table.schema.names
    index = table.column("_healpix_29").to_pylist()
    found["rows"] += len(index)
    found["sorted"] &= all(a <= b for a, b in zip(index, index[1:]))
    found["inside"] &= all(each >> (2 * (29 - order)) == pixel for each in index)
found["first"] = names[0]
found["dataset"] = pyarrow.dataset.dataset(str(root / "dataset"), format="parquet").count_rows()
found["schema"] = pyarrow.parquet.read_schema(root / "dataset" / "_common_metadata").names == names
try:
    import hats
    from hats.io.validation import is_valid_catalog
except ImportError:
    found["hats"] = None
else:
    catalogue = hats.read_hats(root)
    found["hats"] = {
        "rows": len(catalogue),
        "cells": len(catalogue.get_healpix_pixels()),
        "valid": bool(is_valid_catalog(root, strict=True, fail_fast=False)),
    }
print(json.dumps(found))
