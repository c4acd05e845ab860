import { invalidPolicy, nearestSpelling } from "@wherefrom/core/internal";

/** The variables that are read, and what each says. */
const VARIABLES = {
  WHEREFROM_POLICY: `the policy, such as "trust=10.1.2.0/24 from=x-forwarded-for"`,
  WHEREFROM_CONFIG: "the path of a settings file, with the policy and all else",
  WHEREFROM_PORTS: "the ports whose listeners are covered, with commas; all without it",
  WHEREFROM_REMOVE: "headers that are removed besides the usual ones, with commas",
  WHEREFROM_KEEP: "headers that stay as they came, with commas",
  WHEREFROM_WRITE: "headers that are written with the client's address, with commas",
  WHEREFROM_CURRENT_CLIENT: `"on": currentClient() of @wherefrom/audit answers wherever a request is served`,
} as const;

/** The name of one of them. */
export type Variable = keyof typeof VARIABLES;

const PREFIX = "WHEREFROM_";
/** Edits within which a name is a slip of the hand: other tools have variables of their own. */
const SLIP_EDITS = 2;

/** Throws for a variable that is one of ours misspelt: it would be a setting that is not there. */
export function refuseMisspelt(env: NodeJS.ProcessEnv): void {
  const known = Object.keys(VARIABLES);
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || known.includes(name)) continue;
    const near = nearestSpelling(name, known, SLIP_EDITS);
    if (near !== undefined) throw invalidPolicy(`the variable ${name} is none of ours; did you mean ${near}?`);
  }
}

/** Undefined where it is not set or empty: some supervisors cannot take a variable away. */
export function valueOf(env: NodeJS.ProcessEnv, name: Variable): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

/** The entries of a list with commas, in lower case; undefined where it is not set. */
export function listOf(env: NodeJS.ProcessEnv, name: Variable): readonly string[] | undefined {
  return valueOf(env, name)
    ?.split(",")
    .map((entry) => entry.trim().toLowerCase());
}
