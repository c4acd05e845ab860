import { between, type Shape, type Shapes, whole } from "@wherefrom/core/internal";

/** What is unusual. Infinity switches an alarm of distance or speed off. */
export interface LoginRules {
  /** Least distance of an impossible journey, in kilometres. Default 500, as Elastic's rules have it. */
  readonly travelKm?: number | undefined;
  /** Least speed of an impossible journey, in kilometres an hour. Default 1000: airliners cruise at 900. */
  readonly travelKmPerHour?: number | undefined;
  /** How far off coordinates are assumed to be where the database does not say, in kilometres. Default 50: what city databases state of most networks. */
  readonly assumedRadiusKm?: number | undefined;
  /** Successful logins in which a new user's places are learnt . Default 5; two weeks after the first login end it as well. */
  readonly learningLogins?: number | undefined;
  /** How long a place that alarmed is not told again while the user stays there, in milliseconds. Default a day. */
  readonly cooldownMs?: number | undefined;
  /** Users from one source above which it is a shared one. Default 10. */
  readonly sharedUsers?: number | undefined;
  /** The share of failures from which a shared source is told. Default 0.5: an office has fewer. 0 tells of every shared source. */
  readonly sharedFailureShare?: number | undefined;
  /** How long a source, or a user, is quiet until it is counted anew, in milliseconds. Default an hour. */
  readonly sharedWindowMs?: number | undefined;
  /** Failures from one source that are guessing or spraying. Default 20. */
  readonly sourceFailures?: number | undefined;
  /** Failures of one user, from strange places, that are guessing. Default 30. */
  readonly userFailures?: number | undefined;
  /** Failures of a user before a successful login from a strange place. Default 10. */
  readonly failuresBefore?: number | undefined;
}

/** Infinity switches an alarm off. */
const LEAST: Shape = { expected: "a number from 0 on", fits: (value) => typeof value === "number" && value >= 0 };

export const LOGIN_RULES: Shapes<LoginRules> = {
  travelKm: LEAST,
  travelKmPerHour: LEAST,
  assumedRadiusKm: LEAST,
  learningLogins: whole(0),
  cooldownMs: whole(0),
  sharedUsers: whole(1),
  sharedFailureShare: between(0, 1),
  sharedWindowMs: whole(1),
  sourceFailures: whole(1),
  userFailures: whole(1),
  failuresBefore: whole(1),
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type Limits = { readonly [Key in keyof LoginRules]-?: NonNullable<LoginRules[Key]> };

export function limitsOf(rules: LoginRules): Limits {
  return {
    travelKm: rules.travelKm ?? 500,
    travelKmPerHour: rules.travelKmPerHour ?? 1000,
    assumedRadiusKm: rules.assumedRadiusKm ?? 50,
    learningLogins: rules.learningLogins ?? 5,
    cooldownMs: rules.cooldownMs ?? DAY_MS,
    sharedUsers: rules.sharedUsers ?? 10,
    sharedFailureShare: rules.sharedFailureShare ?? 0.5,
    sharedWindowMs: rules.sharedWindowMs ?? HOUR_MS,
    sourceFailures: rules.sourceFailures ?? 20,
    userFailures: rules.userFailures ?? 30,
    failuresBefore: rules.failuresBefore ?? 10,
  };
}
