/** Most machines on one path, the peer included. Real paths have two to five; the limit bounds the work that a header can cause. */
export const HOP_LIMIT = 32;

/** Most headers that one policy may read, and most that its rules may demand. Each has a place of its own in the walk; real policies have one to four. */
export const SLOT_LIMIT = 30;

/** Longest prefix that is refused without more, in bits: it holds an eighth of its family, and clients among them. No proxy's range is so wide. */
export const OPEN_LENGTH = 3;

/** Peers that one step of compiling a policy reads: about two milliseconds of a slow processor, between which a service answers requests. */
export const STEP_PEERS = 1000;
