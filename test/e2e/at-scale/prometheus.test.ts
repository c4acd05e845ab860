import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { describeSuite } from "../requirement.ts";
import { type CountedShop, startCountedShop } from "./counted-shop.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

type Labels = Readonly<Record<string, string>>;

interface Alert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: "pending" | "firing";
}

const RULES = join(import.meta.dirname, "..", "..", "..", "examples", "at-scale", "prometheus-rules.yaml");
const { groups } = parse(readFileSync(RULES, "utf8")) as {
  readonly groups: readonly { readonly rules: readonly { record?: string; alert?: string; expr: string }[] }[];
};
const rules = groups.flatMap((group) => group.rules).map(({ record, alert, expr }) => [record ?? alert, expr] as const);

/** Metrics with what a rule asks of their labels, one for each word of an alternative. */
function selectorsOf(expression: string): readonly string[] {
  const selectors = expression.match(/\bwherefrom_\w+\{[^}]*\}|\bjob:\w+:\w+/g) ?? [];
  const alternatives = selectors.flatMap((selector) => {
    const [whole, words = ""] = /=~"([^"]*)"/.exec(selector) ?? [];
    return whole === undefined ? [selector] : words.split("|").map((word) => selector.replace(whole, `="${word}"`));
  });
  return [...new Set(alternatives)];
}

/** Labels that a rule groups by. */
const labelsOf = (expression: string): readonly string[] =>
  [...expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names = ""]) => names.split(/, */));

/** How long Prometheus may take to look at its target for the first time, and then at what the rules say, in milliseconds. It begins within five seconds. */
const PATIENCE = { timeout: 30_000, interval: 250 };

describeSuite("at-scale", () => {
  describe("a Prometheus that scrapes what OpenTelemetry's exporter tells of countEvents", () => {
    let shop: CountedShop;
    let prometheus: Prometheus;
    const alerts = async (): Promise<readonly Alert[]> => (await prometheus.ask<{ alerts: Alert[] }>("alerts")).alerts;
    const value = async (query: string): Promise<number | undefined> => {
      const { result } = await prometheus.ask<{ result: { value: [number, string] }[] }>("query", { query });
      return result[0] === undefined ? undefined : Number(result[0].value[1]);
    };

    beforeAll(async () => {
      shop = await startCountedShop();
      prometheus = await startPrometheus(RULES, shop.metrics);
      // What is there at the first scrape has not increased.
      await vi.waitUntil(async () => (await value('up{job="shop"}')) === 1, PATIENCE);
      await shop.travel();
      // With the next one the stranger's requests are a flood.
      await shop.visit();
      await shop.visit();
      await vi.waitUntil(async () => {
        await shop.visit();
        return ((await value("job:wherefrom_requests:rate1m")) ?? 0) > 0;
      }, PATIENCE);
    });

    afterAll(async () => {
      await prometheus?.stop();
      await shop?.stop();
    });

    test.each(rules)("%s: every metric, label and word that it names is there", async (_name, expression) => {
      const selectors = selectorsOf(expression);
      expect(selectors).not.toEqual([]);
      const labels = new Set<string>();
      for (const selector of selectors) {
        const found = (): Promise<readonly Labels[]> => prometheus.ask("series", { "match[]": selector });
        await expect.poll(found, { ...PATIENCE, message: selector }).not.toEqual([]);
        for (const label of (await found()).flatMap((each) => Object.keys(each))) labels.add(label);
      }
      expect([...labels]).toEqual(expect.arrayContaining([...labelsOf(expression)]));
    });

    test("evaluates every rule without an error", async () => {
      const answer = await prometheus.ask<{ groups: { rules: { name: string; health: string }[] }[] }>("rules");
      const health = answer.groups.flatMap((group) => group.rules).map((rule) => [rule.name, rule.health]);
      expect(health).toEqual(rules.map(([name]) => [name, "ok"]));
    });

    test("fires, or waits for its time, what one visit of each kind is reason for, the first of its kind as well", async () => {
      const told = async (): Promise<readonly string[]> => {
        await shop.visit();
        const all = (await alerts()).map(
          ({ labels: { alertname, wherefrom_stop: stop, wherefrom_reason: reason }, state }) =>
            [alertname, stop ?? reason, state].filter((word) => word !== undefined).join(" "),
        );
        return all.toSorted();
      };
      // A surge is one of what an hour was like: that takes longer than a test, and promtool's has it.
      await expect
        .poll(told, PATIENCE)
        .toEqual([
          "WherefromAuditLost firing",
          "WherefromClaimsRejected pending",
          "WherefromClientsLost address-lost pending",
          "WherefromClientsLost carrier-absent pending",
          "WherefromConfigWarning header-from-untrusted-peer firing",
          "WherefromConfigWarning untrusted-header-flood firing",
          "WherefromLoginAnomaly impossible-travel firing",
          "WherefromLoginAnomaly shared-source firing",
        ]);
      for (const { annotations } of await alerts()) {
        expect(annotations["summary"]).toMatch(/^shop: \S/);
        expect(annotations["summary"]).not.toMatch(/\{\{|no value|: $|\(\)/);
      }
    });

    test("has no address, user or path in any label", async () => {
      const series = await prometheus.ask<readonly Labels[]>("series", { "match[]": '{__name__=~"wherefrom_.+"}' });
      const texts = series.map(({ instance: _instance, ...labels }) => JSON.stringify(labels));
      expect(texts.length).toBeGreaterThan(10);
      for (const text of texts) expect(text).not.toMatch(/203\.0\.113|10\.244|127\.0\.0\.2|"(?:eve|adam)"|login\//);
    });
  });
});
