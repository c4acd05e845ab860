// Made of native/addon/numbers.h by native/scripts/numbers.mjs (npm run numbers): do not edit.

/** What a socket is to tell beside payloads; a sum. */
export const UDP_WANTS_OPTIONS = 1;
export const UDP_WANTS_LOCAL = 2;
/** Each alone: what comes for the socket in IP protocol 248, over IPv4 or over IPv6. */
export const UDP_WANTS_OPP4 = 4;
export const UDP_WANTS_OPP6 = 8;
/** Packets of protocol 248 that were refused: not whole, or none; and those whose checksum was wrong. */
export const UDP_REFUSED_BROKEN = 0;
export const UDP_REFUSED_CHECKSUM = 1;
/** Datagrams a call: more save little, and hold the event loop longer. */
export const UDP_BATCH = 64;
/** 32-bit words that tell of a datagram. Addresses are as on the wire: four bytes of one word, or four words. */
export const UDP_WORDS = 16;
/** Which word has where its payload begins in the data, and how long it is. */
export const UDP_AT = 0;
export const UDP_LENGTH = 1;
export const UDP_FLAGS = 2;
/** 4 or 6, of the socket: an IPv4 source is mapped on a dual-stack one. */
export const UDP_FAMILY = 3;
export const UDP_PORT = 4;
/** The IPv6 scope, and the first of 4 words of the source address. */
export const UDP_SCOPE = 5;
export const UDP_SOURCE = 6;
/** Where its options begin in the data; length 0 where there are none. */
export const UDP_OPTION_AT = 10;
export const UDP_OPTION_LENGTH = 11;
/** The first of 4 words, zero where it was not asked for: the address that it was sent to. */
export const UDP_LOCAL = 12;
/** In UDP_FLAGS: not all that the kernel tells beside the payload had room: options, or the local address, are cut or missing. */
export const UDP_CUT_OPTIONS = 1;
/** A second options header, which was not read. */
export const UDP_MORE_OPTIONS = 2;
/** The options are an IPv6 destination options header, from its next-header byte on; else IPv4 options. */
export const UDP_IPV6_OPTIONS = 4;
/** The options are the header of IP protocol 248. */
export const UDP_OPP_OPTIONS = 8;
/** The payload had no room. */
export const UDP_CUT_PAYLOAD = 16;
/** The kernel has put several datagrams into one (UDP_GRO, which the socket's maker has asked for): the options are the first one's. */
export const UDP_GLUED = 32;
