/** One metric family in Prometheus' text exposition format 0.0.4. */
export interface Metric {
  /** Without the `fairlead_` that every name starts with. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | bigint;
}

/** Renders families in the order given, each with its HELP and TYPE lines. */
export function renderMetrics(metrics: readonly Metric[]): string {
  return metrics.map(renderFamily).join('');
}

function renderFamily({ name, help, type, samples }: Metric): string {
  const full = `fairlead_${name}`;
  const lines = samples.map(({ labels, value }) => `${full}${renderLabels(labels)} ${value}\n`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`;
}

function renderLabels(labels: Sample['labels']): string {
  const pairs = Object.entries(labels ?? {}).map(([name, value]) => `${name}="${escape(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
