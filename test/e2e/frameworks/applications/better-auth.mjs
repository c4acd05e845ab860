// The address of the session that a sign-up makes, which the rate limit counts as well.
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { fromNodeHeaders } from "better-auth/node";
import { createServer } from "node:http";
import { tell } from "./tell.mjs";

// In development it takes a missing address for 127.0.0.1.
process.env.NODE_ENV = "production";
const database = { user: [], session: [], account: [], verification: [] };
const auth = betterAuth({
  baseURL: "http://127.0.0.1",
  secret: "0123456789abcdef0123456789abcdef",
  database: memoryAdapter(database),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
});
let users = 0;
tell(
  createServer(async (request, response) => {
    const body = { name: "A", email: `a${++users}@example.com`, password: "correct horse battery" };
    const { token } = await auth.api.signUpEmail({ body, headers: fromNodeHeaders(request.headers) });
    const { ipAddress } = database.session.find((session) => session.token === token);
    response.end(ipAddress === "" ? "none" : (ipAddress ?? "none"));
  }),
);
