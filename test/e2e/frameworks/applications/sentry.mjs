// The user's address of an event that would be sent. Sentry changes node:http, so that it comes first.
import * as Sentry from "@sentry/node";
import { createRequire } from "node:module";
import { tell } from "./tell.mjs";

let seen;
let requests = 0;
Sentry.init({
  dsn: "https://key@sentry.invalid/1",
  dataCollection: { userInfo: true },
  transport: () => ({ send: async () => ({}), flush: async () => true }),
  beforeSend: (event) => {
    seen(event);
    return null;
  },
});
const { createServer } = createRequire(import.meta.url)("node:http");
tell(
  createServer(async (_request, response) => {
    const event = await new Promise((settle) => {
      seen = settle;
      // One that is like the last would be dropped.
      Sentry.captureException(new Error(`of request ${++requests}`));
    });
    response.end(event.user?.ip_address ?? "none");
  }),
);
