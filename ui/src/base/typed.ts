// Parameters as a person types them: a text without its quotes, all else as JSON. What a parameter
// was tells what it may become.

export function typed(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : json;
  } catch {
    return json;
  }
}

type Kind = 'a number' | 'true or false' | 'a list, as JSON' | 'an object, as JSON' | '';

function kind_of(json: string): Kind {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return '';
  }
  if (typeof value === 'number') return 'a number';
  if (typeof value === 'boolean') return 'true or false';
  if (Array.isArray(value)) return 'a list, as JSON';
  return value !== null && typeof value === 'object' ? 'an object, as JSON' : '';
}

// What is wrong with a text for a parameter that was `json`; '' = nothing.
export function typing_error(name: string, json: string, text: string): string {
  const kind = kind_of(json);
  return kind === '' || kind_of(text.trim()) === kind ? '' : `${name} is ${kind}.`;
}
