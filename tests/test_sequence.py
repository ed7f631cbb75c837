"""MaskSequence and Attention: what they are made of, what they refuse, and that equal things are known as equal."""

import numpy as np
import pytest

from mixcli.errors import InputError, NotApplicable
from mixcli.sequence import Attention, Mask, MaskSequence


def causal(tokens: int) -> Mask:
    return Mask(tokens, lambda i, j: j <= i)


def test_rows_array_and_edges_agree() -> None:
    mask = causal(50)
    assert np.array_equal(mask.array, np.tri(50, dtype=bool))
    assert np.array_equal(mask.rows(7, 12), np.tri(50, dtype=bool)[7:12])
    assert mask.edges == 50 * 51 // 2
    assert mask.causal


def test_uniform_attention_of_a_causal_mask_is_the_cesaro_matrix() -> None:
    found = MaskSequence((causal(6),)).operator(0)
    assert np.allclose(found, np.tri(6) / np.arange(1, 7)[:, None], atol=1e-16)


def test_weights_are_normalised_over_what_may_be_read() -> None:
    mask = Mask(3, lambda i, j: j <= i, weigh=lambda i, j: 2.0 ** (j - i))
    assert mask.weights(2, 3).tolist() == [[1 / 7, 2 / 7, 4 / 7]]


def test_a_mask_from_an_array_must_be_square_and_seeing() -> None:
    with pytest.raises(InputError, match="square"):
        Mask.of(np.ones((2, 3)))
    with pytest.raises(InputError, match="none for query 1"):
        Mask.of(np.array([[1, 0], [0, 0]]))


def test_fingerprint_knows_content_not_objects() -> None:
    one = MaskSequence((causal(5), causal(5)))
    shared = MaskSequence((causal(5),) * 2)
    assert one.fingerprint == shared.fingerprint
    assert shared.like(1) == 0
    assert one.like(1) == 1
    assert one.fingerprint != MaskSequence((causal(5),)).fingerprint
    assert one.fingerprint != one.replace(read_out=2).fingerprint


def test_layers_of_one_length_and_a_read_out_inside() -> None:
    with pytest.raises(InputError, match="one length"):
        MaskSequence((causal(3), causal(4)))
    with pytest.raises(InputError, match="read-out"):
        MaskSequence((causal(3),), read_out=3)
    assert MaskSequence((causal(3),)).read_out == 2


def test_attention_merges_heads_and_numbers_them_as_stored() -> None:
    eye, cesaro = np.eye(3), np.tri(3) / np.arange(1, 4)[:, None]
    found = Attention.of([[eye, cesaro], [eye, eye]], selection=((0, (0, 1)), (1, (1,))))
    assert np.allclose(found.operator(0), (eye + cesaro) / 2)
    assert found.index.tolist() == [[0, 0], [0, 1], [1, 1]]
    assert found.causal
    assert found.visible(1).tolist() == eye.astype(bool).tolist()
    with pytest.raises(NotApplicable, match="hidden states"):
        found.hidden(0)


def test_attention_needs_square_maps_of_one_length() -> None:
    with pytest.raises(InputError, match="shape"):
        Attention.of([np.ones((1, 2, 3))])
