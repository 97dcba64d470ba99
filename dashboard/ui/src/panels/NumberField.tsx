interface Props {
  label: string;
  unit: string;
  value: number;
  max: number;
  onChange: (value: number) => void;
}

/** A number with its name and unit; an empty field counts as 0, which the form then judges. */
export function NumberField({ label, unit, value, max, onChange }: Props) {
  return (
    <label className="fc-field">
      <span>{label}</span>
      <input
        type="number"
        min={0}
        max={max}
        value={value}
        onChange={(event) => onChange(Number(event.target.value))}
      />
      <small>{unit}</small>
    </label>
  );
}
