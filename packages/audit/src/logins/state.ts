/** What one subject (a user, an address, a network, a system, the service) has done since it was quiet for long, or for a day. */
export interface Tally {
  /** Attempts and failures since then. */
  readonly attempts: number;
  readonly failures: number;
  /** The same, each worth less the older it is, by e after one window. */
  readonly recent: number;
  readonly recentFailures: number;
  /** Different members, and whether they are counted or estimated. */
  readonly members: number;
  readonly isExact: boolean;
  /** How large each of its incidents was when it was last told; 0 for those that were not. */
  readonly told: Readonly<Record<string, number>>;
}

/** One step of a judgement. `key` is one of Redis'. What it answers stands behind it. */
export type Step =
  /** Counts an attempt, and answers the Tally. */
  | {
      readonly kind: "count";
      readonly key: string;
      readonly time: number;
      readonly failures: 0 | 1;
      readonly member: string | undefined;
      readonly quietMs: number;
      readonly longestMs: number;
    }
  /** Answers the Tally, and counts nothing. */
  | { readonly kind: "look"; readonly key: string; readonly time: number; readonly quietMs: number }
  /** Answers whether nobody has told of an incident of this size before: one of all replicas is told so. */
  | { readonly kind: "tell"; readonly key: string; readonly incident: string; readonly size: number }
  /** Takes failures off that another subject's incident explains. */
  | { readonly kind: "explain"; readonly key: string; readonly failures: number }
  /** Answers a user's profile, or undefined. */
  | { readonly kind: "load"; readonly key: string }
  /** Writes a profile, if it is still what it was; answers whether it did. */
  | { readonly kind: "save"; readonly key: string; readonly before: string | undefined; readonly after: string }
  | { readonly kind: "drop"; readonly key: string };

export type Answer = Tally | boolean | string | undefined;

/** A judgement, step by step: each list is done at once, and answered in its order. Written once, it runs in memory without waiting and in Redis. */
export type Judgement<Result> = Generator<readonly Step[], Result, readonly Answer[]>;

export const NO_TALLY: Tally = {
  attempts: 0,
  failures: 0,
  recent: 0,
  recentFailures: 0,
  members: 0,
  isExact: true,
  told: {},
};
