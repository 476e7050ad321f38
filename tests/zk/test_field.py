from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zk.field import (
    BASE_FIELD,
    SCALAR_FIELD,
    FieldElementOutOfRangeError,
    batch_inverse,
    inverse,
    is_field_element,
    parse_field_element,
    require_field_element,
    root_of_unity,
)

elements = st.integers(min_value=0, max_value=SCALAR_FIELD - 1)
nonzero = st.integers(min_value=1, max_value=SCALAR_FIELD - 1)


@given(elements)
def test_every_element_is_accepted_and_its_second_name_is_not(x: int) -> None:
    assert require_field_element(x, "x") == x
    with pytest.raises(FieldElementOutOfRangeError) as caught:
        require_field_element(x + SCALAR_FIELD, "nullifier hash")
    assert caught.value.name == "nullifier hash"
    assert str(x + SCALAR_FIELD) not in str(caught.value), "it may be a secret"
    assert caught.value.code == "field_element_out_of_range"


@pytest.mark.parametrize("value", [-1, SCALAR_FIELD, 1 << 256, True, "1", 1.0, None])
def test_what_is_no_canonical_integer_is_no_element(value: object) -> None:
    assert not is_field_element(value)


def test_a_coordinate_is_measured_against_q() -> None:
    assert is_field_element(SCALAR_FIELD, BASE_FIELD)
    with pytest.raises(FieldElementOutOfRangeError, match=r"not an integer in \[0, q\)"):
        require_field_element(BASE_FIELD, "x", BASE_FIELD)


@given(nonzero)
def test_an_inverse_inverts(x: int) -> None:
    assert inverse(x) * x % SCALAR_FIELD == 1


@given(st.lists(nonzero, max_size=20))
def test_a_batch_inverse_is_the_list_of_inverses(values: list[int]) -> None:
    assert batch_inverse(values) == [inverse(value) for value in values]


def test_zero_has_no_inverse() -> None:
    with pytest.raises(ZeroDivisionError):
        inverse(SCALAR_FIELD)
    with pytest.raises(ZeroDivisionError):
        batch_inverse([1, 0, 2])


@pytest.mark.parametrize("power", [0, 1, 13, 28])
def test_a_root_of_unity_has_exactly_its_order(power: int) -> None:
    root = root_of_unity(power)
    assert pow(root, 1 << power, SCALAR_FIELD) == 1
    assert power == 0 or pow(root, 1 << (power - 1), SCALAR_FIELD) == SCALAR_FIELD - 1


def test_there_is_no_larger_root_of_unity() -> None:
    with pytest.raises(ValueError, match="2\\^29"):
        root_of_unity(29)


@given(elements)
def test_text_in_either_base_is_read_back(x: int) -> None:
    assert parse_field_element(str(x), "x") == parse_field_element(hex(x), "x") == x


@pytest.mark.parametrize("text", ["", "-1", "1e3", "01", "1_000", "0x", "٣", str(SCALAR_FIELD), "x"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(FieldElementOutOfRangeError):
        parse_field_element(text, "x")
