/** Where a token is changed. */
export function tokenPath({ id }: { id: string }): string {
  return `/api/users/tokens/${encodeURIComponent(id)}`;
}
