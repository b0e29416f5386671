// Parts of a run that follow the server by themselves: a chart of one series, a task's log.
import { useEffect, useState, type ReactNode } from 'react';
import type { SeriesView, TaskView } from '../../api/gen/view_pb';
import { LogStore } from '../../api/log_store';
import { PointsStore } from '../../api/points_store';
import { use_quiet_store, use_store } from '../../api/use_store';
import { count, metric } from '../../base/format';
import type { StepRange } from '../../base/sources';
import { has_ended, kFailed } from '../../base/state';
import { theme } from '../../base/theme';
import { use_cell } from '../../base/use_signal';
import { LineChart } from '../../widgets/lazy_chart';
import { line_look } from '../../widgets/line_look';
import { LogView } from '../../widgets/log_view';

const kColumns = 600;
const kPanelChartHeight = 118;

interface SeriesProps {
  base: string;
  state: number; // of the task it belongs to
}

// The charts of one task: they are looked at in the same steps.
export function SeriesCharts(props: SeriesProps & { series: readonly SeriesView[] }): ReactNode {
  const [range, set_range] = useState<StepRange | undefined>();
  return props.series.map((one) => (
    <SeriesChart key={one.id} {...props} series={one} range={range} set_range={set_range} />
  ));
}

function SeriesChart(
  props: SeriesProps & {
    series: SeriesView;
    range: StepRange | undefined;
    set_range: (range: StepRange | undefined) => void;
  },
): ReactNode {
  const { base, series, state, range } = props;
  const path = `${base}/metrics/${series.id}`;
  const store = use_quiet_store(path, () => new PointsStore(path, series.id, kColumns));
  useEffect(() => {
    store.look_at(range);
  }, [store, range]);
  const points = Number(series.points);
  return (
    <LineChart
      title={series.name}
      lines={[
        {
          source: store,
          name: series.name,
          ...line_look(0),
          growing: !has_ended(state),
          failed: state === kFailed,
        },
      ]}
      look={{
        across: 'step',
        smoothing: 0,
        log: false,
        height: kPanelChartHeight,
        theme: use_cell(theme),
      }}
      range={range}
      set_range={props.set_range}
    >
      {range && (
        <button className="small" onClick={() => props.set_range(undefined)}>
          All steps
        </button>
      )}
      <span className="quiet number" title="Every point is kept; lowest and highest value">
        {count(points)} {points === 1 ? 'point' : 'points'}
        {points > 1 && Number.isFinite(series.min) && (
          <>
            , {metric(series.min)} – {metric(series.max)}
          </>
        )}
      </span>
    </LineChart>
  );
}

// A failed task opens at its first error, which may stand far from the end.
const kTailBytes = 64 * 1024;
const kTailBytesFailed = 512 * 1024;
// The newest that can be chosen; an event may tell of the attempt of any number.
const kAttemptsMost = 100;

export function TaskLog(props: { base: string; task: TaskView }): ReactNode {
  const { task } = props;
  const [attempt, set_attempt] = useState(0); // 0 = the newest
  const failed = task.state === kFailed;
  const path = `${props.base}/tasks/${task.id}/log`;
  const tail = failed ? kTailBytesFailed : kTailBytes;
  const store = use_store(`${path} ${attempt} ${failed}`, () => new LogStore(path, attempt, tail));
  const newest = Math.max(1, task.attempt);
  return (
    <LogView
      key={`${attempt} ${failed}`}
      source={store}
      live={!has_ended(task.state)}
      at_error={failed}
    >
      {newest > 1 && (
        <select
          aria-label="Attempt"
          value={attempt === 0 ? newest : attempt}
          onChange={(event) => {
            const chosen = Number(event.target.value);
            set_attempt(chosen === newest ? 0 : chosen);
          }}
        >
          {Array.from({ length: Math.min(newest, kAttemptsMost) }, (_, at) => newest - at).map(
            (one) => (
              <option key={one} value={one}>
                attempt {one}
              </option>
            ),
          )}
        </select>
      )}
    </LogView>
  );
}
