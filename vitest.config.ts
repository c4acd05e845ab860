import { configDefaults, defineConfig } from "vitest/config";

/**
 * Tests run against source: no `dist` is needed, and none is looked at. Behind ours stand Node's conditions, without vite's "module": what that finds is for bundlers, and
 * Node, which runs it, cannot.
 */
const conditions = ["@wherefrom/source", "node", "development|production"];
const resolution = { resolve: { conditions }, ssr: { resolve: { conditions } } };

/** Ends what hangs. A test that takes its time on a busy machine is not to fail by it, nor one that waits for something (a second, by vitest's default). */
const WATCHDOG = { testTimeout: 60_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } };

/** How much of the values stands in the message of a failure, in characters. The closing lines of a run have that alone, and with vitest's 40 they say `[ Array(3) ]`. */
const MESSAGES = { chaiConfig: { truncateThreshold: 1000 } };

/** Tests provoke process warnings by the hundred and listen to `process.on("warning")`; printed between the results they would read as trouble of the run. */
const QUIET = { execArgv: ["--no-warnings"] };

/** A directory of slow tests (an e2e suite, the consumers), named by scripts/suite.mjs. The default run has none of them. */
const suite = process.env["WHEREFROM_SUITE"];

const isFull = process.env["WHEREFROM_FULL"] === "1";

export default defineConfig({
  test: {
    coverage: {
      provider: "v8",
      include: ["packages/core/src/**/*.ts"],
      // `index.ts` only exports; v8 counts no statements there.
      exclude: ["**/index.ts", "**/*.test.ts", "**/*.test-d.ts"],
      reporter: ["text", "html"],
      thresholds: { 100: true },
    },
    projects:
      suite === undefined
        ? [
            {
              ...resolution,
              test: {
                ...WATCHDOG,
                ...MESSAGES,
                ...QUIET,
                name: "unit",
                globalSetup: ["./native/test/global-setup.ts"],
                include: ["packages/*/src/**/*.test.ts", "native/test/**/*.test.ts"],
                typecheck: {
                  enabled: true,
                  // Other type errors in tests are found by `npm run types`.
                  ignoreSourceErrors: true,
                  include: ["packages/*/src/**/*.test-d.ts"],
                  tsconfig: "./test/tsconfig.json",
                },
              },
            },
            {
              ...resolution,
              test: {
                ...WATCHDOG,
                ...MESSAGES,
                ...QUIET,
                name: "conformance",
                include: ["test/conformance/**/*.test.ts"],
              },
            },
          ]
        : [
            {
              ...resolution,
              test: {
                ...WATCHDOG,
                ...MESSAGES,
                ...QUIET,
                name: "e2e",
                include: [`${suite}/**/*.test.ts`],
                // A file of what takes minutes and hundreds of megabytes runs with `--full` alone.
                exclude: [...configDefaults.exclude, ...(isFull ? [] : ["**/*.full.test.ts"])],
              },
            },
          ],
  },
});
