// A service with a login, and all that watches it. Try it: node server.mjs, then node attack.mjs in another terminal.
import {
  ALERT_EVENTS,
  auditHttp,
  auditTo,
  closeOnShutdown,
  jsonLines,
  LoginGuard,
  subscribe,
  webhook,
} from "@wherefrom/audit";
import { compilePolicy } from "@wherefrom/core";
import { getClient, wherefrom } from "@wherefrom/express";
import express from "express";

const app = express();
// The proxy on this machine says who the client is: attack.mjs plays it.
app.use(wherefrom(compilePolicy({ trust: ["127.0.0.1"], from: "x-forwarded-for" })));
app.use(express.json());

// A real service takes geo.locate of @wherefrom/audit/geo.
const PLACES = {
  20: { country: "DE", asn: 64500, latitude: 52.5, longitude: 13.4 },
  30: { country: "VN", asn: 64700, latitude: 21, longitude: 105.8 },
};
const guard = new LoginGuard({ locate: (address) => PLACES[address.split(".")[0]], knownEgress: ["198.51.100.0/24"] });

// Alerts go to audit.alerts.jsonl, logins to audit.logins.jsonl, requests to audit.jsonl.
const sink = jsonLines(process.env.AUDIT ?? "audit.jsonl");
auditTo(sink);
auditHttp();
closeOnShutdown(sink);
// Where there is one: node server.mjs with ALERTMANAGER=http://127.0.0.1:9093/api/v2/alerts
const { ALERTMANAGER } = process.env;
if (ALERTMANAGER !== undefined)
  auditTo(webhook({ url: ALERTMANAGER, form: "alertmanager", service: "shop" }), { events: ALERT_EVENTS });
subscribe("login.anomaly", ({ finding }) =>
  console.log(`${finding.severity.padEnd(8)} ${finding.alarm.padEnd(22)} ${finding.message}`),
);

app.post("/login", (request, response) => {
  const { user, password } = request.body ?? {};
  const success = password === "correct horse";
  guard.check({
    user: { id: String(user) },
    resolution: getClient(request),
    success,
    userAgent: request.get("user-agent"),
    requestId: request.get("x-request-id"),
    failure: success ? undefined : "wrong-password",
  });
  response.status(success ? 204 : 401).end();
});

// The operator's answer to an alarm: on a port of its own, which the proxy does not hand on.
const operator = express();
operator.post("/:decision/:user", (request, response) => {
  const { decision, user } = request.params;
  if (!["confirm", "reject", "forget"].includes(decision)) return response.status(404).end();
  return response.json({ places: guard[decision](user) ?? null });
});

const { PORT = "3000", OPERATOR_PORT = "3001" } = process.env;
operator.listen(Number(OPERATOR_PORT), "127.0.0.1");
app.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}/login`));
