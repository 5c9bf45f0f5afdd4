"""Commands on a deployed stack: upload data, synchronize, export annotations, open the page."""
