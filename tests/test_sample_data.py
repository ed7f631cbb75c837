"""The samples are what their script makes, and hold what their README says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import mixcli
from mixcli.catalog import FORMATS
from mixcli.sources import load_any

SAMPLES = Path(__file__).parent.parent / "sample_data"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sample_{name}", SAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_readme_table_is_what_mixcli_finds() -> None:
    assert script("expected").table() in (SAMPLES / "README.md").read_text(encoding="utf-8")


def test_readme_table_of_sequences_is_what_mixcli_finds() -> None:
    assert script("expected").sequence_table() in (SAMPLES / "README.md").read_text(encoding="utf-8")


def test_the_trained_decoder_reads_the_first_token() -> None:
    attention = mixcli.load_sequence(SAMPLES / "attention.safetensors")
    assert isinstance(attention, mixcli.Attention)
    assert attention.causal
    assert attention.store.hidden_states == 4
    last = [weights[-1, 0] for layer, _, weights in attention.each() if layer == 2]
    assert min(last) > 0.5


def test_the_training_script_learns_the_task(tmp_path) -> None:
    assert script("train_decoder").main(tmp_path / "attention.safetensors") >= 0.99
    found = mixcli.load_sequence(tmp_path / "attention.safetensors")
    kept = mixcli.load_sequence(SAMPLES / "attention.safetensors")
    assert found.labels == kept.labels


def test_barbell_in_closed_form() -> None:
    # Two K_5 and a bridge: λ₂ = 0.072601, curvature of the bridge −6/5, ΣR = 49.
    for path in SAMPLES.glob("barbell.*"):
        found = mixcli.measure(mixcli.load(path), "spectral_gap", "balanced_forman", "kirchhoff")
        assert found["spectral_gap"].data == pytest.approx(0.072601, abs=1e-6)
        assert found["balanced_forman"].data.min() == pytest.approx(-6 / 5, abs=1e-12)
        assert found["kirchhoff"].data == pytest.approx(49, abs=1e-9)


def test_every_format_has_a_sample() -> None:
    suffixes = {p.suffix for p in SAMPLES.iterdir()}
    assert [n for n in FORMATS if not suffixes & set(FORMATS.get(n).suffixes)] == []


def test_the_script_makes_these_files(tmp_path, monkeypatch) -> None:
    make = script("make")
    monkeypatch.setattr(make, "HERE", tmp_path)
    make.main()
    for path in sorted(tmp_path.iterdir()):
        kept, made = (list(load_any(p)) for p in (SAMPLES / path.name, path))
        assert [g.fingerprint for g in kept] == [g.fingerprint for g in made]
