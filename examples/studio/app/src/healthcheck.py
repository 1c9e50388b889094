"""The container's health check. It imports next to nothing, as it is started every second."""

import socket
import sys

with socket.socket() as connection:
    connection.settimeout(4)
    connection.connect(("127.0.0.1", 8000))
    connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
    head, _, body = connection.makefile().read().partition("\n\n")
print(body.strip())
sys.exit(head.split()[1] != "200")
