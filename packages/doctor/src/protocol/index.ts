/** What the command `wherefrom doctor` and a service say to each other. It changes without notice. */
export type {
  Answer,
  AnsweredClaim,
  AnsweredResolution,
  Refused,
  SelfDescription,
  ServerDescription,
} from "./answer.ts";
export { type DoctorKeys, deriveKeys, TOKEN_LEAST_BYTES } from "./keys.ts";
export { askLocal, localSocketsOf } from "./local-client.ts";
export {
  isFresh,
  makeProof,
  newProbeId,
  PROBE_HEADER,
  PROBE_PARAMETER,
  type Proof,
  PROOF_WINDOW_MS,
  readProof,
} from "./proof.ts";
export { ARM_LIMIT_MS, armMs, type LocalQuestion, type LocalStatus, type Report, REPORTS_LIMIT } from "./report.ts";
export { seal, SEALED_LIMIT, unseal } from "./sealed.ts";
export { type Cause, type CauseCode, CAUSES } from "@wherefrom/net/internal";
