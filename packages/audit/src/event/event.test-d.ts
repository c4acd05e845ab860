import { expectTypeOf, test } from "vitest";
import { subscribe } from "./event.ts";
import type { ConfigWarning } from "./config-warning.ts";
import type { Surge } from "./surge.ts";

test("a listener is given the event of the name that it asked for", () => {
  subscribe("traffic.surge", ({ surge }) => expectTypeOf(surge).toEqualTypeOf<Surge>());
  subscribe("config.warning", ({ warning }) => expectTypeOf(warning).toEqualTypeOf<ConfigWarning>());
  subscribe(["client.resolved", "login.anomaly"], (event) =>
    expectTypeOf(event.transport).toEqualTypeOf<"tcp" | "udp" | "unix">(),
  );
});
