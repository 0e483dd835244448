#include <reprise/core/prng.hpp>

#include "cpython_lgamma.hpp"
#include "sha512.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <unordered_set>

#ifdef __FAST_MATH__
#error "This file must compute exactly what it says: build it without -ffast-math."
#endif

namespace reprise {
namespace {

constexpr std::size_t state_words = 624;
constexpr std::size_t middle_word = 397;

// Literals, as a compiler that folds log or exp rounds in its own way and not in glibc's.
constexpr double pi = 3.141592653589793;
constexpr double two_pi = 6.283185307179586;
constexpr double e = 2.718281828459045;
constexpr double log_4 = 1.3862943611198906;
constexpr double one_plus_log_4_5 = 2.504077396776274;
constexpr double four_over_sqrt_2e = 1.7155277699214135;
constexpr double two_to_63 = 9223372036854775808.0;

template <class... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  throw std::invalid_argument(fmt::format(text, std::forward<Arguments>(arguments)...));
}

std::uint32_t twist(std::uint32_t high, std::uint32_t low) {
  const std::uint32_t mixed = (high & 0x80000000u) | (low & 0x7fffffffu);
  return mixed >> 1 ^ ((low & 1u) != 0 ? 0x9908b0dfu : 0u);
}

/// Drops the zero words at the high end.
std::span<const std::uint32_t> significant(std::span<const std::uint32_t> words) {
  while (!words.empty() && words.back() == 0) words = words.first(words.size() - 1);
  return words;
}

bool is_below(std::span<const std::uint32_t> left, std::span<const std::uint32_t> right) {
  return std::lexicographical_compare(left.rbegin(), left.rend(), right.rbegin(), right.rend());
}

/// `base` to `exponent`; as in CPython, a finite power that a double cannot hold is an error and
/// not an infinity.
double checked_pow(const char* function, double base, double exponent) {
  const double power = std::pow(base, exponent);
  if (std::isinf(power) && std::isfinite(exponent)) {
    throw std::overflow_error(
        fmt::format("{}: {} to the power of {} is beyond a double", function, base, exponent));
  }
  return power;
}

/// Turns weights into running totals, unless they are.
template <class Number>
void accumulate(std::vector<Number>& weights, bool are_totals) {
  Number total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    Number& weight = weights[i];
    if (are_totals) {
      if (!(weight >= total)) {
        refuse("choices: cumulative weight {} at {} is not at least {}, the one before", weight, i,
               total);
      }
      total = weight;
      continue;
    }
    if (weight < 0) refuse("choices: weight {} at {} is negative", weight, i);
    if constexpr (std::integral<Number>) {
      if (weight > std::numeric_limits<Number>::max() - total) {
        refuse("choices: the total of the integer weights does not fit in 63 bits");
      }
    }
    total += weight;
    weight = total;
  }
}

void check_weight_count(std::size_t weights, std::size_t size) {
  if (weights != size) refuse("choices: {} weights for a population of {}", weights, size);
  if (size == 0) refuse("choices: the population is empty");
}

}  // namespace

namespace detail {

void throw_negative(const char* function, const char* argument, std::int64_t value) {
  refuse("{}: {} {} is negative", function, argument, value);
}

void throw_too_large(const char* function, const char* argument, std::uint64_t value) {
  refuse("{}: {} {} does not fit in 63 bits", function, argument, value);
}

}  // namespace detail

std::vector<prng::result_type> prng::upcoming() {
  if (position_ == state_.size()) refill();
  std::vector<result_type> words;
  words.reserve(state_.size() - position_);
  for (std::size_t i = position_; i < state_.size(); ++i) words.push_back(temper(state_[i]));
  return words;
}

void prng::put_upcoming(std::span<const result_type> words) {
  // Each of the four steps of the tempering is undone, a few bits a turn where a step overlaps
  // itself.
  const auto undo_left = [](std::uint32_t word, int shift, std::uint32_t mask) {
    std::uint32_t before = word;
    for (int known = shift; known < 32; known += shift) before = word ^ ((before << shift) & mask);
    return before;
  };
  const auto undo_right = [](std::uint32_t word, int shift) {
    std::uint32_t before = word;
    for (int known = shift; known < 32; known += shift) before = word ^ (before >> shift);
    return before;
  };
  for (std::size_t i = 0; i < words.size() && position_ + i < state_.size(); ++i) {
    std::uint32_t word = undo_right(words[i], 18);
    word = undo_left(word, 15, 0xefc60000u);
    word = undo_left(word, 7, 0x9d2c5680u);
    state_[position_ + i] = undo_right(word, 11);
  }
}

void prng::seed(std::string_view text) {
  const auto digest = detail::sha512(text);
  const std::size_t size = text.size() + digest.size();
  // The bytes of text and digest in a row are one big-endian integer.
  std::vector<std::uint32_t> words((size + 3) / 4);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte =
        i < text.size() ? static_cast<std::uint8_t>(text[i]) : digest[i - text.size()];
    const std::size_t place = size - 1 - i;
    words[place / 4] |= std::uint32_t{byte} << (8 * (place % 4));
  }
  seed(words);
}

void prng::seed(std::span<const std::uint32_t> magnitude) {
  constexpr std::array<std::uint32_t, 1> zero{0};
  const auto key = significant(magnitude);
  seed_words(key.empty() ? std::span<const std::uint32_t>(zero) : key);
}

void prng::seed_magnitude(std::uint64_t magnitude) {
  const std::array<std::uint32_t, 2> words{static_cast<std::uint32_t>(magnitude),
                                           static_cast<std::uint32_t>(magnitude >> 32)};
  seed(words);
}

/// MT19937's init_by_array (Matsumoto and Nishimura's 2002 initialisation).
void prng::seed_words(std::span<const std::uint32_t> key) {
  const auto spread = [](std::uint32_t word) { return word ^ word >> 30; };
  state_[0] = 19650218u;
  for (std::uint32_t i = 1; i < state_words; ++i) {
    state_[i] = 1812433253u * spread(state_[i - 1]) + i;
  }

  std::uint32_t i = 1;
  const auto advance = [&] {
    if (++i == state_words) {
      state_[0] = state_[state_words - 1];
      i = 1;
    }
  };
  std::size_t j = 0;
  for (std::size_t step = std::max(state_words, key.size()); step > 0; --step) {
    state_[i] =
        (state_[i] ^ spread(state_[i - 1]) * 1664525u) + key[j] + static_cast<std::uint32_t>(j);
    advance();
    if (++j == key.size()) j = 0;
  }
  for (std::size_t step = state_words - 1; step > 0; --step) {
    state_[i] = (state_[i] ^ spread(state_[i - 1]) * 1566083941u) - i;
    advance();
  }
  state_[0] = 0x80000000u;

  position_ = state_words;
  gauss_next_.reset();
}

/// Makes the next 624 words. Three loops in place of a remainder in one: the compiler vectorises
/// them.
void prng::refill() {
  std::size_t i = 0;
  for (; i < state_words - middle_word; ++i) {
    state_[i] = state_[i + middle_word] ^ twist(state_[i], state_[i + 1]);
  }
  for (; i < state_words - 1; ++i) {
    state_[i] = state_[i + middle_word - state_words] ^ twist(state_[i], state_[i + 1]);
  }
  state_[i] = state_[middle_word - 1] ^ twist(state_[i], state_[0]);
  position_ = 0;
}

std::uint64_t prng::getrandbits(int k) {
  if (k < 0) detail::throw_negative("getrandbits", "k", k);
  if (k > 64) refuse("getrandbits: k {} is above 64; getrandbits_words has no limit", k);
  if (k == 0) return 0;
  if (k <= 32) return (*this)() >> (32 - k);
  const std::uint64_t low = (*this)();
  const std::uint64_t high = (*this)() >> (64 - k);
  return high << 32 | low;
}

std::vector<std::uint32_t> prng::getrandbits_words(std::int64_t k) {
  if (k < 0) detail::throw_negative("getrandbits_words", "k", k);
  const auto bits = static_cast<std::uint64_t>(k);
  std::vector<std::uint32_t> words((bits + 31) / 32);
  for (std::uint32_t& word : words) word = (*this)();
  if (bits % 32 != 0) words.back() >>= 32 - bits % 32;
  return words;
}

std::string prng::randbytes(std::int64_t n) {
  if (n < 0) detail::throw_negative("randbytes", "n", n);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(n));
  for (std::int64_t left = n; left > 0; left -= 4) {
    std::uint32_t word = (*this)();
    if (left < 4) word >>= 32 - 8 * left;
    for (std::int64_t i = std::min<std::int64_t>(left, 4); i > 0; --i, word >>= 8) {
      bytes.push_back(static_cast<char>(word & 0xffu));
    }
  }
  return bytes;
}

std::uint64_t prng::randbelow(std::uint64_t n) {
  if (n == 0) refuse("randbelow: n is 0, there is nothing below it");
  // The width of n and not of n - 1: for a power of two half of the draws are rejected, and below 1
  // there is a draw too.
  const int k = static_cast<int>(std::bit_width(n));
  std::uint64_t drawn = getrandbits(k);
  while (drawn >= n) drawn = getrandbits(k);
  return drawn;
}

std::vector<std::uint32_t> prng::randbelow_words(std::span<const std::uint32_t> n) {
  const auto bound = significant(n);
  if (bound.empty()) refuse("randbelow_words: n is 0, there is nothing below it");
  const auto k = static_cast<std::int64_t>(32 * (bound.size() - 1)) + std::bit_width(bound.back());
  std::vector<std::uint32_t> drawn = getrandbits_words(k);
  while (!is_below(drawn, bound)) drawn = getrandbits_words(k);
  return drawn;
}

std::int64_t prng::randrange(std::int64_t stop) {
  if (stop <= 0) refuse("randrange: empty range: stop {} is not above 0", stop);
  return static_cast<std::int64_t>(randbelow(static_cast<std::uint64_t>(stop)));
}

std::int64_t prng::randrange(std::int64_t start, std::int64_t stop, std::int64_t step) {
  if (step == 0) refuse("randrange: step is 0");
  if (step > 0 ? start >= stop : start <= stop) {
    refuse("randrange: empty range: start {} is not {} stop {} (step {})", start,
           step > 0 ? "below" : "above", stop, step);
  }
  // Modulo 2^64, where the width of any range fits and every sum below is exact.
  const auto first = static_cast<std::uint64_t>(start);
  const auto last = static_cast<std::uint64_t>(stop);
  const auto stride = static_cast<std::uint64_t>(step);
  const std::uint64_t width = step > 0 ? last - first : first - last;
  const std::uint64_t size = (width - 1) / (step > 0 ? stride : 0 - stride) + 1;
  return static_cast<std::int64_t>(first + stride * randbelow(size));
}

std::int64_t prng::randint(std::int64_t low, std::int64_t high) {
  if (low > high) refuse("randint: empty range: low {} is above high {}", low, high);
  const auto first = static_cast<std::uint64_t>(low);
  const std::uint64_t size = static_cast<std::uint64_t>(high) - first + 1;
  if (size != 0) return static_cast<std::int64_t>(first + randbelow(size));
  // All of the 2^64 integers.
  constexpr std::array<std::uint32_t, 3> all{0, 0, 1};
  const auto words = randbelow_words(all);
  return static_cast<std::int64_t>(first + (std::uint64_t{words[1]} << 32 | words[0]));
}

std::size_t prng::choice_index(std::size_t size) {
  if (size == 0) refuse("choice: the population is empty");
  return randbelow(size);
}

std::vector<std::size_t> prng::choices_indices(std::size_t size, std::size_t k) {
  if (size == 0 && k > 0) refuse("choices: the population is empty and k is {}", k);
  std::vector<std::size_t> indices(k);
  for (std::size_t& index : indices) {
    const auto drawn = static_cast<std::size_t>(random() * static_cast<double>(size));
    // Beyond 2^53 elements the product can round up to the size, where CPython fails.
    index = std::min(drawn, size - 1);
  }
  return indices;
}

std::vector<std::size_t> prng::weighted_indices(std::size_t size, std::vector<double> weights,
                                                bool are_totals, std::size_t k) {
  check_weight_count(weights.size(), size);
  accumulate(weights, are_totals);
  const double total = weights.back();
  if (!std::isfinite(total)) refuse("choices: the total of the weights, {}, is not finite", total);
  if (total <= 0.0) refuse("choices: the total of the weights is 0");
  std::vector<std::size_t> indices(k);
  for (std::size_t& index : indices) {
    const auto found = std::upper_bound(weights.begin(), weights.end() - 1, random() * total);
    index = static_cast<std::size_t>(found - weights.begin());
  }
  return indices;
}

std::vector<std::size_t> prng::weighted_indices(std::size_t size, std::vector<std::int64_t> weights,
                                                bool are_totals, std::size_t k) {
  check_weight_count(weights.size(), size);
  accumulate(weights, are_totals);
  if (weights.back() == 0) refuse("choices: the total of the weights is 0");
  const auto total = static_cast<double>(weights.back());
  std::vector<std::size_t> indices(k);
  for (std::size_t& index : indices) {
    // A real number is below an integer if its floor is: so the comparison is exact, as CPython's
    // is.
    const auto drawn = static_cast<std::int64_t>(random() * total);
    const auto found = std::upper_bound(weights.begin(), weights.end() - 1, drawn);
    index = static_cast<std::size_t>(found - weights.begin());
  }
  return indices;
}

std::vector<std::size_t> prng::sample_indices(std::size_t size, std::size_t k) {
  if (k > size) refuse("sample: k {} is above the population's size {}", k, size);
  // CPython's estimate of where a set of k takes less memory than a list of all. It decides which
  // of two algorithms draws, so it is part of the result, the rounding of the logarithms included.
  double limit = 21.0;
  if (k > 5) {
    limit += std::ldexp(
        1.0, 2 * static_cast<int>(std::ceil(std::log(static_cast<double>(k) * 3.0) / log_4)));
  }

  std::vector<std::size_t> indices(k);
  if (static_cast<double>(size) <= limit) {
    std::vector<std::size_t> pool(size);
    for (std::size_t i = 0; i < size; ++i) pool[i] = i;
    for (std::size_t& index : indices) {
      std::size_t& place = pool[randbelow(pool.size())];
      index = place;
      place = pool.back();
      pool.pop_back();
    }
    return indices;
  }
  std::unordered_set<std::size_t> drawn;  // asked for membership only, never walked
  drawn.reserve(k);
  for (std::size_t& index : indices) {
    do index = randbelow(size);
    while (!drawn.insert(index).second);
  }
  return indices;
}

std::vector<std::size_t> prng::counted_indices(std::size_t size, std::vector<std::int64_t> counts,
                                               std::size_t k) {
  if (counts.size() != size)
    refuse("sample: {} counts for a population of {}", counts.size(), size);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (counts[i] < 0) refuse("sample: count {} at {} is negative", counts[i], i);
    if (counts[i] > std::numeric_limits<std::int64_t>::max() - total) {
      refuse("sample: the total of the counts does not fit in 63 bits");
    }
    total += counts[i];
    counts[i] = total;
  }
  if (total == 0) refuse("sample: the total of the counts is 0");
  std::vector<std::size_t> indices = sample_indices(static_cast<std::size_t>(total), k);
  for (std::size_t& index : indices) {
    const auto found =
        std::upper_bound(counts.begin(), counts.end(), static_cast<std::int64_t>(index));
    index = static_cast<std::size_t>(found - counts.begin());
  }
  return indices;
}

double prng::random() {
  const std::uint32_t high = (*this)() >> 5;
  const std::uint32_t low = (*this)() >> 6;
  return static_cast<double>(std::uint64_t{high} << 26 | low) * 0x1p-53;
}

double prng::uniform(double a, double b) { return a + (b - a) * random(); }

double prng::triangular(double low, double high, std::optional<double> mode) {
  double u = random();
  if (mode && high == low) return low;
  double peak = mode ? (*mode - low) / (high - low) : 0.5;
  if (u > peak) {
    u = 1.0 - u;
    peak = 1.0 - peak;
    std::swap(low, high);
  }
  return low + (high - low) * std::sqrt(u * peak);
}

double prng::expovariate(double lambd) {
  if (lambd == 0.0) refuse("expovariate: lambd is 0");
  return -std::log(1.0 - random()) / lambd;
}

double prng::gauss(double mu, double sigma) {
  double z = 0.0;
  if (gauss_next_) {
    z = *gauss_next_;
    gauss_next_.reset();
  } else {
    const double angle = random() * two_pi;
    const double radius = std::sqrt(-2.0 * std::log(1.0 - random()));
    z = std::cos(angle) * radius;
    gauss_next_ = std::sin(angle) * radius;
  }
  return mu + z * sigma;
}

double prng::normalvariate(double mu, double sigma) {
  while (true) {
    const double u1 = random();
    const double u2 = 1.0 - random();
    const double z = four_over_sqrt_2e * (u1 - 0.5) / u2;
    if (z * z / 4.0 <= -std::log(u2)) return mu + z * sigma;
  }
}

double prng::lognormvariate(double mu, double sigma) {
  const double exponent = normalvariate(mu, sigma);
  const double value = std::exp(exponent);
  if (std::isinf(value) && std::isfinite(exponent)) {
    throw std::overflow_error(fmt::format("lognormvariate: exp({}) is beyond a double", exponent));
  }
  return value;
}

double prng::gammavariate(double alpha, double beta) {
  if (!(alpha > 0.0)) refuse("gammavariate: alpha {} is not above 0", alpha);
  if (!(beta > 0.0)) refuse("gammavariate: beta {} is not above 0", beta);
  // Cheng's method would never accept anything.
  if (!std::isfinite(2.0 * alpha)) refuse("gammavariate: alpha {} is too large", alpha);
  return standard_gamma(alpha) * beta;
}

double prng::standard_gamma(double alpha) {
  if (alpha == 1.0) return -std::log(1.0 - random());

  if (alpha > 1.0) {
    const double root = std::sqrt(2.0 * alpha - 1.0);
    const double b = alpha - log_4;
    const double c = alpha + root;
    while (true) {
      const double u1 = random();
      if (!(1e-7 < u1 && u1 < 0.9999999)) continue;
      const double u2 = 1.0 - random();
      const double v = std::log(u1 / (1.0 - u1)) / root;
      const double x = alpha * std::exp(v);
      const double z = u1 * u1 * u2;
      const double r = b + c * v - x;
      if (r + one_plus_log_4_5 - 4.5 * z >= 0.0 || r >= std::log(z)) return x;
    }
  }

  while (true) {
    const double b = (e + alpha) / e;
    const double p = b * random();
    const double x = p <= 1.0 ? std::pow(p, 1.0 / alpha) : -std::log((b - p) / alpha);
    const double accepted = p > 1.0 ? std::pow(x, alpha - 1.0) : std::exp(-x);
    if (random() <= accepted) return x;
  }
}

double prng::betavariate(double alpha, double beta) {
  for (const auto& [name, shape] : {std::pair("alpha", alpha), std::pair("beta", beta)}) {
    if (!(shape > 0.0)) refuse("betavariate: {} {} is not above 0", name, shape);
    if (!std::isfinite(2.0 * shape)) refuse("betavariate: {} {} is too large", name, shape);
  }
  const double y = standard_gamma(alpha);
  if (y == 0.0) return 0.0;
  return y / (y + standard_gamma(beta));
}

double prng::paretovariate(double alpha) {
  if (alpha == 0.0) refuse("paretovariate: alpha is 0");
  return checked_pow("paretovariate", 1.0 - random(), -1.0 / alpha);
}

double prng::weibullvariate(double alpha, double beta) {
  if (beta == 0.0) refuse("weibullvariate: beta is 0");
  return alpha * checked_pow("weibullvariate", -std::log(1.0 - random()), 1.0 / beta);
}

double prng::vonmisesvariate(double mu, double kappa) {
  if (std::isnan(kappa)) refuse("vonmisesvariate: kappa is not a number");
  if (kappa <= 1e-6) return two_pi * random();

  const double s = 0.5 / kappa;
  const double r = s + std::sqrt(1.0 + s * s);
  double z = 0.0;
  while (true) {
    z = std::cos(pi * random());
    const double d = z / (r + z);
    const double u = random();
    if (u < 1.0 - d * d || u <= (1.0 - d) * std::exp(d)) break;
  }
  const double q = 1.0 / r;
  // Rounding can lift the cosine above 1 (kappa beyond 1e15); CPython stops with a domain error
  // there.
  const double turn = std::acos(std::clamp((q + z) / (1.0 + q * z), -1.0, 1.0));
  const double theta = std::fmod(random() > 0.5 ? mu + turn : mu - turn, two_pi);
  if (theta == 0.0) return 0.0;  // never -0.0
  return theta < 0.0 ? theta + two_pi : theta;
}

std::int64_t prng::binomialvariate(std::int64_t n, double p) {
  if (n < 0) detail::throw_negative("binomialvariate", "n", n);
  if (!(p >= 0.0 && p <= 1.0)) refuse("binomialvariate: p {} is not in [0, 1]", p);
  if (p == 0.0) return 0;
  if (p == 1.0) return n;
  if (n == 1) return random() < p ? 1 : 0;
  if (p > 0.5) return n - binomialvariate(n, 1.0 - p);

  const double mean = static_cast<double>(n) * p;
  return mean < 10.0 ? binomial_by_gaps(n, p) : binomial_by_rejection(n, p);
}

/// The trials from one success to the next are geometric (Devroye).
std::int64_t prng::binomial_by_gaps(std::int64_t n, double p) {
  const double log2_failure = std::log2(1.0 - p);
  if (log2_failure == 0.0) return 0;
  std::uint64_t trials = 0;
  for (std::int64_t successes = 0;; ++successes) {
    const double gap = std::floor(std::log2(random()) / log2_failure);
    // A draw of exactly 0 makes the gap infinite; CPython stops with a domain error there.
    if (gap >= two_to_63) return successes;
    trials += static_cast<std::uint64_t>(gap) + 1;
    if (trials > static_cast<std::uint64_t>(n)) return successes;
  }
}

/// Hoermann's BTRS. Here n p >= 10 and p <= 1/2.
std::int64_t prng::binomial_by_rejection(std::int64_t n, double p) {
  const auto log_factorial = [](std::int64_t i) {
    return detail::cpython_lgamma(static_cast<double>(static_cast<std::uint64_t>(i) + 1));
  };
  const double size = static_cast<double>(n);
  const double deviation = std::sqrt(size * p * (1.0 - p));
  const double b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p;
  const double c = size * p + 0.5;
  const double quick_limit = 0.92 - 4.2 / b;

  struct acceptance {
    double alpha, log_odds, log_mode;
    std::int64_t mode;
  };
  std::optional<acceptance> test;  // most calls never need it
  while (true) {
    const double u = random() - 0.5;
    const double us = 0.5 - std::fabs(u);
    const double candidate = std::floor((2.0 * a / us + b) * u + c);
    if (!(candidate >= 0.0 && candidate < two_to_63)) continue;
    const auto k = static_cast<std::int64_t>(candidate);
    if (k > n) continue;

    const double v = random();
    if (us >= 0.07 && v <= quick_limit) return k;

    if (!test) {
      const auto mode = static_cast<std::int64_t>(
          std::floor(static_cast<double>(static_cast<std::uint64_t>(n) + 1) * p));
      test = {.alpha = (2.83 + 5.1 / b) * deviation,
              .log_odds = std::log(p / (1.0 - p)),
              .log_mode = log_factorial(mode) + log_factorial(n - mode),
              .mode = mode};
    }
    const double scaled = v * (test->alpha / (a / (us * us) + b));
    if (std::log(scaled) <= test->log_mode - log_factorial(k) - log_factorial(n - k) +
                                static_cast<double>(k - test->mode) * test->log_odds) {
      return k;
    }
  }
}

std::array<std::uint32_t, 625> prng::state() const {
  std::array<std::uint32_t, 625> words{};
  std::copy(state_.begin(), state_.end(), words.begin());
  words.back() = position_;
  return words;
}

}  // namespace reprise
