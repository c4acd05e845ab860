import { policyText, type PolicySource } from "@wherefrom/core";
import { followPolicy, type PrefixList } from "@wherefrom/sources";
import { onTestFinished } from "vitest";

/** A source of one list, called "a", that is closed with the test. */
export function followed(list: PrefixList, startMs = 3000): PolicySource {
  const source = followPolicy({
    lists: { a: list },
    policy: ({ a }) => ({ trust: a.prefixes, from: "x-forwarded-for" }),
    startMs,
  });
  onTestFinished(() => source.close());
  return source;
}

/** The prefixes that are believed now. */
export function believed(source: PolicySource): readonly string[] {
  return (JSON.parse(policyText(source)) as { trust: string[] }).trust.toSorted();
}

/** What was wrong at the last attempt. */
export function trouble(source: PolicySource): string | undefined {
  return source.status.lists["a"]?.trouble;
}
