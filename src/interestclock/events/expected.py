"""What is expected of a column's values, in the words of refusals; remedies are chosen by them."""

from __future__ import annotations

__all__ = ["AN_INTEGER_ID", "AN_OPERAND", "A_LABEL", "A_LIST", "A_NUMBER", "A_PLACE", "A_QUANTITY", "A_TIME"]

A_LABEL = "0, 1, true, false or empty"
A_LIST = 'one value, or a list of single values such as [1, 9] or ["rock", "x"]'
A_NUMBER = "a finite number or empty"
A_PLACE = "an offset or a known zone"
A_TIME = "a time"
A_QUANTITY = "a finite number within float32 (3.4e38 in size) or empty"
AN_INTEGER_ID = "an id (an integer)"
AN_OPERAND = "a finite number, true, false or empty"
