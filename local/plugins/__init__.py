"""Stand-ins for the Pulumi plugins that cannot be downloaded everywhere.

They are NOT the official plugins: `install.py` puts them on the PATH only where the official ones can neither be found
nor downloaded, and says so. They speak Pulumi's published plugin protocol with the bindings of the `pulumi` package and
behave as the official plugins do for what this program uses.
"""
