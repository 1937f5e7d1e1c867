// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace promtally::inference {

/// A number with its derivatives along N directions (forward-mode differentiation, Wengert 1964):
/// arithmetic on it yields the exact derivative of what is computed, without steps to choose.
template <std::size_t N>
struct Dual {
  double value = 0;
  std::array<double, N> slope{};

  Dual() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a constant is a number without slope.
  Dual(double constant) : value(constant) {}

  /// The variable of one direction.
  static Dual Variable(double at, std::size_t direction) {
    Dual variable(at);
    variable.slope[direction] = 1;
    return variable;
  }

  Dual& operator+=(const Dual& other) {
    value += other.value;
    for (std::size_t i = 0; i < N; ++i) {
      slope[i] += other.slope[i];
    }
    return *this;
  }
  Dual& operator-=(const Dual& other) {
    value -= other.value;
    for (std::size_t i = 0; i < N; ++i) {
      slope[i] -= other.slope[i];
    }
    return *this;
  }
  Dual& operator*=(const Dual& other) { return *this = *this * other; }
  Dual& operator/=(const Dual& other) { return *this = *this / other; }

  friend Dual operator+(Dual a, const Dual& b) { return a += b; }
  friend Dual operator-(Dual a, const Dual& b) { return a -= b; }
  friend Dual operator-(Dual a) {
    a.value = -a.value;
    for (double& s : a.slope) {
      s = -s;
    }
    return a;
  }
  friend Dual operator*(const Dual& a, const Dual& b) {
    Dual product(a.value * b.value);
    for (std::size_t i = 0; i < N; ++i) {
      product.slope[i] = a.slope[i] * b.value + a.value * b.slope[i];
    }
    return product;
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    const double inverse = 1 / b.value;
    Dual quotient(a.value * inverse);
    for (std::size_t i = 0; i < N; ++i) {
      quotient.slope[i] = (a.slope[i] - quotient.value * b.slope[i]) * inverse;
    }
    return quotient;
  }
};

template <std::size_t N>
Dual<N> Chain(const Dual<N>& at, double value, double derivative) {
  Dual<N> result(value);
  for (std::size_t i = 0; i < N; ++i) {
    result.slope[i] = derivative * at.slope[i];
  }
  return result;
}

template <std::size_t N>
Dual<N> tanh(const Dual<N>& x) {
  const double t = std::tanh(x.value);
  return Chain(x, t, 1 - t * t);
}

template <std::size_t N>
Dual<N> log(const Dual<N>& x) {
  return Chain(x, std::log(x.value), 1 / x.value);
}

/// Zero in value and in every derivative: a term that a sum may leave out.
inline bool IsZero(double x) { return x == 0; }
template <std::size_t N>
bool IsZero(const Dual<N>& x) {
  return x.value == 0 && x.slope == std::array<double, N>{};
}

inline double ValueOf(double x) { return x; }
template <std::size_t N>
double ValueOf(const Dual<N>& x) {
  return x.value;
}

}  // namespace promtally::inference
