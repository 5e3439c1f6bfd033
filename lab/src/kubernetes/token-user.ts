/** Somebody whom the API server knows by a bearer token. */
export interface TokenUser {
  readonly name: string;
  readonly groups?: readonly string[] | undefined;
  /** Default: made up from the name. */
  readonly token?: string | undefined;
}

/** May do everything, whatever the roles say. */
export const adminUser: TokenUser = { name: 'admin', groups: ['system:masters'] };

export function tokenOf({ name, token }: TokenUser): string {
  return token ?? `token-of-${name.replaceAll(/[^\w-]/gu, '-')}`;
}

/** The file of `--token-auth-file`: token, name, uid and groups in a row. */
export function tokenFile(users: readonly TokenUser[]): string {
  return users
    .map((user) => {
      const groups = user.groups ?? [];
      return `${[tokenOf(user), user.name, user.name, ...(groups.length > 0 ? [`"${groups.join(',')}"`] : [])].join(',')}\n`;
    })
    .join('');
}
