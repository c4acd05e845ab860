"""A server that knows nothing of wherefrom, as those that were written for toa.ko: tells every connection what the kernel calls its peer.

unaware_server.py HOST PORT; ends with its standard input.
"""
import errno
import json
import socket
import sys
import threading

host, port = sys.argv[1], int(sys.argv[2])
family = socket.AF_INET6 if ":" in host else socket.AF_INET


def look_up(connection):
    """dpvs kmod/toa/toa.h, TOA_SO_GET_LOOKUP: 16 bytes of address, 2 of port, 2 unused."""
    try:
        answer = connection.getsockopt(socket.IPPROTO_IP, 4096, 20)
    except OSError as error:
        return errno.errorcode[error.errno]
    address = socket.inet_ntop(socket.AF_INET6, answer[:16])
    return {"address": address, "port": int.from_bytes(answer[16:18], "big"), "bytes": len(answer)}


def answer(connection, accepted):
    with connection:
        try:
            connection.recv(200)
            peer = connection.getpeername()
            said = {"accepted": accepted[:2], "peer": peer[:2], "lookup": look_up(connection)}
            connection.sendall(json.dumps(said).encode() + b"\n")
        except OSError:
            pass


def serve(listener):
    while True:
        connection, accepted = listener.accept()
        threading.Thread(target=answer, args=(connection, accepted), daemon=True).start()


listener = socket.socket(family, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if family == socket.AF_INET6:
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
listener.bind((host, port))
listener.listen(512)
threading.Thread(target=serve, args=(listener,), daemon=True).start()
print("{}", flush=True)
sys.stdin.read()
