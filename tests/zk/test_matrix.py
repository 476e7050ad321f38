from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zk.field import SCALAR_FIELD
from zk.matrix import Matrix, inverse_matrix, matrix_product, matrix_times, transposed

IDENTITY: Matrix = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
elements = st.one_of(st.integers(0, 2), st.integers(0, SCALAR_FIELD - 1))
rows = st.tuples(elements, elements, elements)
matrices = st.tuples(rows, rows, rows)


def determinant(matrix: Matrix) -> int:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    return (a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)) % SCALAR_FIELD


@given(matrices)
def test_a_matrix_times_its_inverse_is_the_identity(matrix: Matrix) -> None:
    assume(determinant(matrix))
    assert matrix_product(matrix, inverse_matrix(matrix)) == IDENTITY
    assert matrix_product(inverse_matrix(matrix), matrix) == IDENTITY


@given(rows, elements)
def test_a_singular_matrix_has_no_inverse(row: tuple[int, ...], factor: int) -> None:
    multiple = tuple(factor * x % SCALAR_FIELD for x in row)
    with pytest.raises(ZeroDivisionError):
        inverse_matrix((row, multiple, (1, 2, 3)))


@given(matrices, rows)
def test_a_column_is_a_matrix_with_one_column(matrix: Matrix, column: tuple[int, ...]) -> None:
    assert transposed((matrix_times(matrix, column),)) == matrix_product(matrix, transposed((column,)))
