"""Files of data: delimited text, npy, idx and Parquet; the images that the package has. `rows` reads any of them."""
