// Made of native/addon/numbers.h by native/scripts/numbers.mjs (npm run numbers): do not edit.

export const TOA_RECORD_BYTES = 64;
export const TOA_RECORD_VERSION = 1;
/** Where in a record the length of the options, the IP version, the port, the address and the options. The version is its first byte. */
export const TOA_RECORD_LENGTH_AT = 2;
export const TOA_RECORD_FAMILY_AT = 3;
export const TOA_RECORD_PORT_AT = 4;
export const TOA_RECORD_ADDRESS_AT = 8;
export const TOA_RECORD_OPTIONS_AT = 24;
/** Packets that a record may be of. */
export const TOA_PACKET_SYN = 1;
export const TOA_PACKET_ACK = 2;
export const TOA_PACKET_DATA = 3;
/** Where in a record it stands which packet it is of. */
export const TOA_RECORD_PACKET_AT = 1;
/** Nothing was kept: a record of the peer alone, as TCP knows it. */
export const TOA_PACKET_NONE = 0;
