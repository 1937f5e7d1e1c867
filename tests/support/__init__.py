# SPDX-License-Identifier: Apache-2.0
"""Servers and the program under test, for the scripts in tests/ and tools/."""
