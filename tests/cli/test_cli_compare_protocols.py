"""Protocols, controls and tuning, as a user asks for them."""

import json

RUN = ("compare", "zoo:barbell:k=4", "--model", "gcn:hidden=4,layers=2")


def test_fair_tuned_comparison_with_controls_is_told_as_a_table(mixcli) -> None:
    arguments = ("--arm", "none", "--arm", "fosr", "--protocol", "fair,epochs=2", "--tune", "2", "--trials", "2")
    done = mixcli(*RUN, *arguments, "-o", "r.db", "--format", "table")
    assert done.returncode == 0, done.stderr_text
    for words in (
        "mlp (no edges)", "random for fosr", "fosr against random edges of the same number: ",
        "expected accuracy of the best of k settings", "k = 2", "protocol fair (ours", "with epochs=2",
    ):  # fmt: skip
        assert words in done.stdout_text
    record = json.loads(mixcli("compare", "r.db").stdout)
    assert record["tuning"]["count"] == 2
    assert [a.get("control", "") for a in record["arms"]] == ["", "", "mlp", "random"]


def test_wrong_protocols_are_refused_in_words(mixcli) -> None:
    for protocol, code, words in (
        ("fsor", 2, "did you mean fosr"), ("fosr,epoch=3", 2, "epochs"), ("sdrf", 4, "node classification"),
    ):  # fmt: skip
        done = mixcli(*RUN, "--protocol", protocol, "--trials", "1")
        assert (done.returncode, words in done.stderr_text) == (code, True), done.stderr_text
    both = mixcli(*RUN, "--tune", "2", "--probe", "rank", "--trials", "1")
    assert (both.returncode, "probes or tuning" in both.stderr_text) == (2, True)


def test_plan_is_told_without_training(mixcli) -> None:
    done = mixcli(*RUN, "--arm", "none", "--tune", "3", "--trials", "5", "--dry-run")
    assert "1 arm(s) × 5 trial(s) × 3 settings: 15 trainings" in done.stdout_text
    assert "the protocol's trial(s)" in mixcli(*RUN, "--protocol", "fosr", "--dry-run").stdout_text
    fair = mixcli(*RUN, "--arm", "fosr", "--protocol", "fair", "--trials", "5", "--dry-run").stdout_text
    assert "2 arm(s) × 5 trial(s): 10 trainings; at most as much for each control (mlp, random, empty)" in fair
    several = mixcli(*RUN, "zoo:barbell:k=4", "--pe", "none", "--pe", "laplacian", "--trials", "5", "--dry-run")
    assert "4 arm(s) × 5 trial(s): 20 trainings\n" in several.stdout_text


def test_cards_of_protocols(mixcli) -> None:
    told = mixcli("methods", "sdrf").stdout_text
    assert "(protocol)" in told
    assert "splits=development" in told
    assert "plateau_patience" in told
    listed = mixcli("methods").stdout_text
    assert "protocols\n" in listed
