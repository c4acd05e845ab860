import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeSuite } from "../requirement.ts";
import { type BuiltImage, buildImage } from "./image-of-tests.ts";
import { type CaseReport, KERNEL } from "./inside/case-group.ts";
import { GROUPS } from "./inside/groups.ts";
import { kernelDirectory, KERNELS } from "./kernels.mjs";
import { bootMachine, type Machine } from "./machine.ts";
import { writeResult } from "./result.ts";

/** A case waits for those before it; the machine itself ends when nothing happens in it. */
const LIMIT_MS = 300_000;

const titles = [...GROUPS.before, ...GROUPS.after].flatMap((group) => group.titles);

describeSuite("vm", () => {
  const seen = new Map<string, Map<string, CaseReport>>();
  let image: BuiltImage;
  beforeAll(() => {
    image = buildImage();
  });
  afterAll(() => {
    image?.remove();
    if (process.env["WHEREFROM_WRITE"] !== undefined) writeResult(seen, titles);
  });

  describe.each(KERNELS.map((kernel) => [kernel.name, kernel] as const))("Linux %s", (name, kernel) => {
    const reports = new Map<string, CaseReport>();
    let machine: Machine;
    // oxlint-disable-next-line no-empty-pattern -- vitest insists on a pattern, and has nothing for it
    beforeAll(({}, { tasks }) => {
      seen.set(name, reports);
      const directory = kernelDirectory(kernel);
      // With vitest's -t only some.
      const wanted = tasks.filter(({ mode }) => mode === "run").map((task) => task.name);
      machine = bootMachine(directory, image.write(directory, wanted));
    });
    afterAll(() => machine?.stop());

    async function hear(title: string): Promise<CaseReport> {
      const report = await machine.report(title);
      reports.set(title, report);
      return report;
    }

    test("boots", { timeout: LIMIT_MS }, async () => {
      const { detail } = await hear(KERNEL);
      expect(detail.startsWith(`${name}.`)).toBe(true);
    });

    test.each(titles)("%s", { timeout: LIMIT_MS }, async (title) => {
      const { ok, detail } = await hear(title);
      expect(ok ? "ok" : detail).toBe("ok");
    });
  });
});
