/** A kubeconfig of one user, as JSON, which is YAML. */
export function kubeconfigText(options: {
  readonly server: string;
  /** File. */
  readonly certificateAuthority: string;
  readonly user: Readonly<Record<string, unknown>>;
}): string {
  const { server, certificateAuthority, user } = options;
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'lab',
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab', namespace: 'default' } }],
      clusters: [
        { name: 'lab', cluster: { server, 'certificate-authority': certificateAuthority } },
      ],
      users: [{ name: 'lab', user }],
    },
    undefined,
    2,
  );
}
