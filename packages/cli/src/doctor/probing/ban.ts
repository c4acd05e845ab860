/** Whether a machine that is not the service's doctor refuses (403) or limits (429). */
export function isBanned(status: number | undefined): status is number {
  return status === 403 || status === 429;
}
