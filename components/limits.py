"""What one request to the page may take; settings, documents and jobs follow from here.

The figures are those of Label Studio's official image (``client_max_body_size``, ``proxy_read_timeout``, ``harakiri``
of its nginx.conf and uwsgi.ini). The program mounts files with the same ones (``label_studio/files``), so that each
flavour of the chart and each image obeys them; a test compares them.
"""

from __future__ import annotations

# Largest body of a request, as nginx writes it. Above Django's own 250 MiB a process may read without end.
UPLOAD = "200m"
# After so many seconds nginx gives up, and a second later uWSGI ends the process.
REQUEST_SECONDS = 90
PROCESS_SECONDS = REQUEST_SECONDS + 1
