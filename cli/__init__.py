"""What people do with declared projects from their own machine: upload data, synchronize, export annotations."""
