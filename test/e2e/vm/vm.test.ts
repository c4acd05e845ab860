import { afterAll, beforeAll, describe, expect, type RunnerTestSuite, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { type BuiltImage, buildImage } from "./image-of-tests.ts";
import { type CaseReport, KERNEL } from "./inside/case-group.ts";
import { GROUPS } from "./inside/groups.ts";
import { kernelDirectory, KERNELS } from "./kernels.mjs";
import { bootMachine, type Machine } from "./machine.ts";
import { readCommit, writeResult } from "./result.ts";

/** A case waits for those before it; the machine itself ends when nothing happens in it. */
const LIMIT_MS = 1_800_000;

const titles = [...GROUPS.before, ...GROUPS.after].flatMap((group) => group.titles);

/** Cases of this block that will run: with vitest's -t only some. */
const wantedOf = (block: RunnerTestSuite): readonly string[] =>
  block.tasks.filter(({ mode }) => mode === "run").map(({ name }) => name);

describeSuite("vm", () => {
  const machines = new Map<string, Machine>();
  const seen = new Map<string, Map<string, CaseReport>>();
  let image: BuiltImage;
  let commit: string;

  // All at once: what a case does is one thing after the other, and leaves processors idle.
  // oxlint-disable-next-line no-empty-pattern -- vitest insists on a pattern, and has nothing for it
  beforeAll(({}, suite) => {
    commit = readCommit();
    image = buildImage();
    const blocks = suite.tasks.filter((task) => task.type === "suite");
    for (const [index, kernel] of KERNELS.entries()) {
      const block = blocks[index];
      const wanted = block === undefined ? [] : wantedOf(block);
      if (wanted.length === 0) continue;
      const directory = kernelDirectory(kernel);
      machines.set(kernel.name, bootMachine(directory, image.write(directory, wanted), kernel.hardware));
    }
  });
  afterAll(async () => {
    for (const machine of machines.values()) await machine.stop();
    image?.remove();
    if (process.env["WHEREFROM_WRITE"] !== undefined) writeResult(seen, titles, commit);
  });

  describe.each(KERNELS.map(({ name, version, cases }) => [name, version, cases] as const))(
    "Linux %s",
    (name, version, cases) => {
      const reports = new Map<string, CaseReport>();
      seen.set(name, reports);

      async function hear(title: string): Promise<CaseReport> {
        const report = await (machines.get(name) as Machine).report(title);
        reports.set(title, report);
        return report;
      }

      test("boots", { timeout: LIMIT_MS }, async () => {
        const { detail } = await hear(KERNEL);
        expect(detail.startsWith(`${version}.`)).toBe(true);
      });

      test.each(titles.filter((title) => cases.test(title)))("%s", { timeout: LIMIT_MS }, async (title) => {
        const { ok, detail } = await hear(title);
        expect(ok ? "ok" : detail).toBe("ok");
      });
    },
  );
});
