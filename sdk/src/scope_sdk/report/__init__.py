"""Reports: building, encoding, checking, differencing and merging them. Pure: nothing here does input or output."""
