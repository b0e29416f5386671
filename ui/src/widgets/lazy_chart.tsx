// LineChart, which brings a drawing library along that a page without charts does not wait for. Its
// place is kept until it is there.
import { lazy, Suspense, type ComponentProps, type ReactNode } from 'react';
import { Boundary } from './boundary';

export const load_chart = () => import('./line_chart');
const Chart = lazy(load_chart);

const kCaptionPx = 22;

export function LineChart(props: ComponentProps<typeof Chart>): ReactNode {
  return (
    <Boundary name={`the chart ${props.title}`}>
      <Suspense fallback={<div style={{ height: props.look.height + kCaptionPx }} />}>
        <Chart {...props} />
      </Suspense>
    </Boundary>
  );
}
