"""Small matrices over F_r, as tuples of rows: what it takes to rewrite a permutation."""

from __future__ import annotations

from zk.field import SCALAR_FIELD, inverse

Row = tuple[int, ...]
Matrix = tuple[Row, ...]


def dot(left: Row, right: Row) -> int:
    """Σ leftᵢ·rightᵢ mod r."""
    return sum(a * b for a, b in zip(left, right, strict=True)) % SCALAR_FIELD


def matrix_times(matrix: Matrix, column: Row) -> Row:
    """matrix·column mod r."""
    return tuple(dot(row, column) for row in matrix)


def matrix_product(left: Matrix, right: Matrix) -> Matrix:
    """left·right mod r."""
    columns = tuple(zip(*right, strict=True))
    return tuple(tuple(dot(row, column) for column in columns) for row in left)


def transposed(matrix: Matrix) -> Matrix:
    """Rows as columns."""
    return tuple(zip(*matrix, strict=True))


def inverse_matrix(matrix: Matrix) -> Matrix:
    """Invert by Gauss and Jordan; raises ZeroDivisionError for a singular matrix."""
    size = len(matrix)
    rows = [[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next((i for i in range(column, size) if rows[i][column]), column)
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = inverse(rows[column][column])
        rows[column] = [x * scale % SCALAR_FIELD for x in rows[column]]
        for i in range(size):
            if i != column and (factor := rows[i][column]):
                rows[i] = [
                    (x - factor * y) % SCALAR_FIELD for x, y in zip(rows[i], rows[column], strict=True)
                ]
    return tuple(tuple(row[size:]) for row in rows)
