/** One attempt to log in. */
export interface Login {
  /** Milliseconds since the scenario began. */
  readonly time: number;
  readonly user: string;
  readonly address: string;
  readonly success: boolean;
  readonly agent: string;
  /** The proxy's header is malformed: no client is proven. */
  readonly isHidden?: true;
}

/** What is true of the scenario: somebody attacked, these are the entities that a finding may name, and when. */
export interface Attack {
  readonly kind: string;
  readonly entities: readonly string[];
  readonly from: number;
  readonly to: number;
}

export interface Scenario {
  readonly logins: readonly Login[];
  readonly attacks: readonly Attack[];
}

export interface Size {
  readonly users: number;
  /** Attacks of each kind. */
  readonly attacks: number;
  readonly days: number;
  /** How many times faster the attempts of an attack come. Default 1. */
  readonly pace?: number;
  /** Logins of a user in a day. Default 9. */
  readonly daily?: number;
  /** Share of countries that have customers. Default 1: ten. */
  readonly countries?: number;
  /** The service does not tell the guard of user agents. */
  readonly isAgentless?: boolean;
}

/** Three days and more than half a million logins. */
export const FULL: Size = { users: 16_000, attacks: 50, days: 3 };
/** What CI has time for. */
export const SMALL: Size = { users: 4000, attacks: 10, days: 2 };

/** Other services and other attackers, by which rules that fit one scenario alone would be found out. */
export const OTHERS: Readonly<Record<string, Size>> = {
  "attempts three times as fast": { ...SMALL, pace: 3 },
  "attempts three times as slow": { ...SMALL, pace: 0.3 },
  "customers in three countries": { ...SMALL, countries: 0.3 },
  "few users with many logins": { ...SMALL, users: 1000, daily: 30 },
  "many users with few logins": { ...SMALL, users: 9000, daily: 3 },
};

export const HOUR_MS = 3_600_000;
