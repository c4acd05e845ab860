import { defineConfig } from "vitest/config";

/**
 * Tests run against source: no `dist` is needed, and none is looked at. Behind ours stand Node's conditions, without vite's "module": what that finds is for bundlers, and
 * Node, which runs it, cannot.
 */
const conditions = ["@wherefrom/source", "node", "development|production"];
const resolution = { resolve: { conditions }, ssr: { resolve: { conditions } } };

/** Ends what hangs. A test that takes its time on a busy machine is not to fail by it. */
const WATCHDOG = { testTimeout: 60_000, hookTimeout: 120_000 };

/** A directory of slow tests (an e2e suite, the consumers), named by scripts/suite.mjs. The default run has none of them. */
const suite = process.env["WHEREFROM_SUITE"];

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
                name: "conformance",
                include: ["test/conformance/**/*.test.ts", "test/vectors/**/*.test.ts"],
              },
            },
          ]
        : [
            {
              ...resolution,
              test: { ...WATCHDOG, name: "e2e", include: [`${suite}/**/*.test.ts`] },
            },
          ],
  },
});
