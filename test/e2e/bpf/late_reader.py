"""Reads what the programs have kept of a connection when its first data comes, and not before; compares it with what the client says that it is.

late_reader.py HOST PORT; ends with its standard input. Answers crowd.c: r right, w wrong, u nothing was kept.
"""
import resource
import select
import socket
import sys

LEVEL, NAME, BYTES = 0x7766, 1, 64  # native/addon/toa_record.h
LENGTH, OPTIONS = 2, 24

listener = socket.socket(socket.AF_INET)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((sys.argv[1], int(sys.argv[2])))
listener.listen(4096)
listener.setblocking(False)
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
connections = {}
poller = select.epoll()
poller.register(listener, select.EPOLLIN)
poller.register(sys.stdin, select.EPOLLIN | select.EPOLLHUP)


def compare(connection, own):
    try:
        record = connection.getsockopt(LEVEL, NAME, BYTES)
    except OSError:
        return b"u"
    if len(record) < BYTES:
        return b"u"
    option = record[OPTIONS : OPTIONS + record[LENGTH]]
    if option[:2] != b"\xfe\x08":
        return b"u"
    told = f"{socket.inet_ntoa(option[4:8])} {int.from_bytes(option[2:4], 'big')}"
    return b"r" if told == own else b"w"


def take(fd):
    connection = connections[fd]
    try:
        line = connection.recv(200)
        if line:
            connection.send(compare(connection, line.decode().strip()))
            return
    except OSError:
        pass
    poller.unregister(fd)
    connections.pop(fd).close()


print("{}", flush=True)
while True:
    for fd, _ in poller.poll():
        if fd == sys.stdin.fileno():
            sys.exit(0)
        if fd != listener.fileno():
            take(fd)
            continue
        try:
            while True:
                connection, _ = listener.accept()
                connections[connection.fileno()] = connection
                poller.register(connection, select.EPOLLIN)
        except BlockingIOError:
            pass
