"use strict";

// What addon/napi/addon.c does, by ffi-rs: for a machine that none of our binaries fits. Some 30 times slower, which a connection hardly notices.
// Argument checks and answers are the addon's; native/test holds the two equal.

const { EAFNOSUPPORT, EBADF, EDOM, EINVAL } = require("node:os").constants.errno;
const { markAsUntransferable } = require("node:worker_threads");
const {
  ANSWER_BYTES,
  TOA_ANSWER_BYTES,
  TOA_LEVEL,
  TOA_LOOKUP,
  TOA_NAME,
  TOA_RECORD_BYTES,
  TOLD_SHIFT,
  WANT_LOOKUP,
  WANT_RECORD,
  WANT_SYN,
} = require("./numbers.js");

/** Linux numbers: include/uapi/linux/in.h and tcp.h. They are the same on every architecture. */
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const TCP_SAVE_SYN = 27;
const TCP_SAVED_SYN = 28;
/** Linux: socket.h. */
const AF_INET = 2;
const AF_INET6 = 10;
/** musl's dlopen knows this name as itself, too. */
const LIBC = "libc.so.6";

/** Opens libc by the package ffi-rs. Throws where libc under this name is missing. */
function openSockopt({ DataType, load, open }) {
  const { I32, U8Array } = DataType;
  open({ library: LIBC, path: LIBC });
  const buffer = Buffer.alloc(ANSWER_BYTES);
  // As Node does with an addon's memory: whoever passes it to a worker passes a copy.
  markAsUntransferable(buffer.buffer);

  const call = (funcName, paramsType, paramsValue) => {
    const { value, errnoCode } = load({ library: LIBC, funcName, retType: I32, paramsType, paramsValue, errno: true });
    return value < 0 ? -errnoCode : value;
  };
  /** The kernel writes into memory of this call alone, which nobody can have detached. */
  const ask = (funcName, types, values, length) => {
    const answer = Buffer.alloc(length);
    const needed = Buffer.alloc(4);
    new Uint32Array(needed.buffer, needed.byteOffset, 1)[0] = length;
    const result = call(funcName, [...types, U8Array, U8Array], [...values, answer, needed]);
    if (result < 0) return result;
    const written = new Uint32Array(needed.buffer, needed.byteOffset, 1)[0];
    if (written > length) return -EINVAL;
    buffer.set(answer.subarray(0, written));
    return written;
  };

  const getSockopt = (fd, level, name, length) => {
    if (!isDescriptor(fd)) return -EBADF;
    if (!isInt32(level) || !isInt32(name) || !isInt32(length) || length < 1 || length > ANSWER_BYTES) return -EDOM;
    return ask("getsockopt", [I32, I32, I32], [fd, level, name], length);
  };
  const setSockopt = (fd, level, name, value) => {
    if (!isDescriptor(fd)) return -EBADF;
    if (!isInt32(level) || !isInt32(name) || !isInt32(value)) return -EDOM;
    const option = Buffer.alloc(4);
    new Int32Array(option.buffer, option.byteOffset, 1)[0] = value;
    return call("setsockopt", [I32, I32, I32, U8Array, I32], [fd, level, name, option, option.length]);
  };
  const getPeername = (fd) => (isDescriptor(fd) ? ask("getpeername", [I32], [fd], ANSWER_BYTES) : -EBADF);
  const toaLookup = (fd) => getSockopt(fd, IPPROTO_IP, TOA_LOOKUP, TOA_ANSWER_BYTES);
  const toaRecord = (fd) => getSockopt(fd, TOA_LEVEL, TOA_NAME, TOA_RECORD_BYTES);
  const savedSyn = (fd) => getSockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, ANSWER_BYTES);
  const readAccepted = (fd, wants) => {
    if (!isDescriptor(fd)) return -EBADF;
    if (!isInt32(wants)) return -EDOM;
    const length = getPeername(fd);
    if (length < 0) return length;
    const peer = peerOf(buffer);
    if (peer === undefined) return -EAFNOSUPPORT;
    const parts = [peer];
    const take = (bytes) => parts.push(Uint8Array.prototype.slice.call(buffer, 0, bytes));
    let told = 0;
    if ((wants & WANT_LOOKUP) !== 0 && toaLookup(fd) === TOA_ANSWER_BYTES) {
      take(TOA_ANSWER_BYTES);
      told |= WANT_LOOKUP;
    }
    if ((wants & WANT_RECORD) !== 0 && toaRecord(fd) === TOA_RECORD_BYTES) {
      take(TOA_RECORD_BYTES);
      told |= WANT_RECORD;
    }
    const syn = (wants & WANT_SYN) === 0 ? 0 : savedSyn(fd);
    if (syn > 0) take(syn);
    const all = Buffer.concat(parts);
    buffer.set(all.subarray(0, ANSWER_BYTES));
    return (told << TOLD_SHIFT) | Math.min(all.length, ANSWER_BYTES);
  };
  return {
    buffer,
    getSockopt,
    setSockopt,
    getPeername,
    toaLookup,
    saveSyn: (fd, mode) => setSockopt(fd, IPPROTO_TCP, TCP_SAVE_SYN, mode),
    savedSyn,
    toaRecord,
    readAccepted,
  };
}

/** What `readAccepted` says of the peer, of a sockaddr; undefined for what is no IP address. */
function peerOf(sockaddr) {
  const [family] = new Uint16Array(sockaddr.buffer, sockaddr.byteOffset, 1);
  const port = sockaddr.subarray(2, 4);
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
  if (family === AF_INET) return Uint8Array.of(4, 0, ...port, ...mapped, ...sockaddr.subarray(4, 8));
  if (family !== AF_INET6) return undefined;
  const isScoped = sockaddr.subarray(24, 28).some((byte) => byte !== 0);
  return Uint8Array.of(6, isScoped ? 1 : 0, ...port, ...sockaddr.subarray(8, 24));
}

const isInt32 = (value) => Number.isInteger(value) && value >= -0x8000_0000 && value <= 0x7fff_ffff;
const isDescriptor = (value) => isInt32(value) && value >= 0;

module.exports = { openSockopt };
