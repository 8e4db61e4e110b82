/** A field for a word, with those that are in use to choose from. Any other word can be typed. */
import { useId, useState } from "react";

export type Suggestion = { word: string; about: string };

type Props = {
  label: string;
  value: string;
  onChange: (value: string) => void;
  suggestions: readonly Suggestion[];
  placeholder?: string;
  required?: boolean;
};

export function Suggest({ label, value, onChange, suggestions, placeholder, required }: Props) {
  const [open, setOpen] = useState(false);
  // All of them until something is typed: what stands there already must not hide the others.
  const [typed, setTyped] = useState(false);
  const [index, setIndex] = useState(-1);
  const list = useId();
  const wanted = value.trim().toLowerCase();
  const shown = suggestions.filter(({ word }) => !typed || word.toLowerCase().includes(wanted));
  const known = suggestions.some(({ word }) => word.toLowerCase() === wanted);
  const close = () => {
    setOpen(false);
    setTyped(false);
    setIndex(-1);
  };
  const choose = (word: string) => {
    onChange(word);
    close();
  };
  return (
    <span className="suggest">
      <input
        className="input"
        role="combobox"
        aria-label={label}
        aria-expanded={open}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={open && shown[index] ? `${list}-${index}` : undefined}
        autoComplete="off"
        placeholder={placeholder}
        required={required}
        value={value}
        onFocus={() => setOpen(true)}
        onClick={() => setOpen(true)}
        onBlur={close}
        onChange={(event) => {
          onChange(event.target.value);
          setOpen(true);
          setTyped(true);
          setIndex(-1);
        }}
        onKeyDown={(event) => {
          const at = shown[index];
          if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            const by = event.key === "ArrowDown" ? 1 : -1;
            setOpen(true);
            setIndex((index + by + shown.length + (index < 0 && by < 0 ? 1 : 0)) % Math.max(shown.length, 1));
          } else if (event.key === "Enter" && open && at) {
            event.preventDefault();
            choose(at.word);
          } else if (event.key === "Escape" && open) {
            event.preventDefault();
            event.stopPropagation();
            close();
          }
        }}
      />
      {open && (shown.length > 0 || wanted !== "") && (
        <span className="suggest-list popup">
          <span id={list} role="listbox" aria-label={`${label}: in use`}>
            {shown.map(({ word, about }, at) => (
              <span
                key={word}
                id={`${list}-${at}`}
                role="option"
                tabIndex={-1}
                aria-selected={at === index}
                className="menu-item"
                onPointerDown={(event) => {
                  event.preventDefault();
                  choose(word);
                }}
              >
                <span className="menu-text">{word}</span>
                <span className="quiet">{about}</span>
              </span>
            ))}
          </span>
          {wanted !== "" && !known && (
            <span className="menu-heading">“{value.trim()}” will be a new one</span>
          )}
        </span>
      )}
    </span>
  );
}
