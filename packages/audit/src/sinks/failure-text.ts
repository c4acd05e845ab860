/** Why a delivery failed, for people. Some errors have no message (node-redis' TimeoutError, Node's where no address of a name answers), and what fetch has seen is its error's cause. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, cause, code } = error as Error & { readonly code?: string };
  const text = message || code || error.constructor.name;
  return cause instanceof Error && cause.message !== "" ? `${text}: ${cause.message}` : text;
}
