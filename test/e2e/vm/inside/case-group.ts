/** What a case says of itself on the console. */
export interface CaseReport {
  readonly title: string;
  readonly ok: boolean;
  /** Why it failed, or what else is worth knowing. */
  readonly detail: string;
}

/** Title of the report that is no case: its detail is the kernel's own name (uname -rv). */
export const KERNEL = "kernel";

/** In the machine: the titles of the cases that are to be run, as JSON. */
export const WANTED = "/wanted.json";

/** What cases of a group share, built before the first of them. */
export interface Bed {
  /** Undoes what one case has started. */
  readonly endCase: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Cases that run in the machine, one after the other. The suite outside reads the titles. */
export interface CaseGroup {
  readonly title: string;
  readonly titles: readonly string[];
  /** Runs those that `isWanted`. */
  readonly run: (isWanted: (title: string) => boolean, report: (report: CaseReport) => void) => Promise<void>;
}

/** A case that takes longer hangs: the others still run. Emulated, everything takes ten times what it takes elsewhere. */
const CASE_LIMIT_MS = 180_000;

/** A case is what throws when it fails; what it answers is its detail. */
export type Cases<B> = Readonly<Record<string, (bed: B) => Promise<string | void>>>;

export function caseGroup<B extends Bed>(title: string, open: () => Promise<B>, cases: Cases<B>): CaseGroup {
  const full = (name: string): string => `${title}: ${name}`;
  return {
    title,
    titles: Object.keys(cases).map(full),
    run: async (isWanted, report) => {
      const wanted = Object.entries(cases).filter(([name]) => isWanted(full(name)));
      if (wanted.length === 0) return;
      let bed: B;
      try {
        bed = await open();
      } catch (error) {
        for (const [name] of wanted) report({ title: full(name), ok: false, detail: `no bed: ${text(error)}` });
        return;
      }
      for (const [name, run] of wanted) report({ title: full(name), ...(await runCase(bed, run)) });
      await bed.close();
    },
  };
}

async function runCase<B extends Bed>(
  bed: B,
  run: (bed: B) => Promise<string | void>,
): Promise<Pick<CaseReport, "ok" | "detail">> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still running after ${CASE_LIMIT_MS / 1000} seconds`)), CASE_LIMIT_MS);
  });
  try {
    return { ok: true, detail: (await Promise.race([run(bed), limit])) ?? "" };
  } catch (error) {
    return { ok: false, detail: text(error) };
  } finally {
    clearTimeout(timer);
    await bed.endCase();
  }
}

function text(error: unknown): string {
  const { stderr = "" } = error as { readonly stderr?: unknown };
  return `${error instanceof Error ? (error.stack ?? error.message) : String(error)}${String(stderr)}`;
}
