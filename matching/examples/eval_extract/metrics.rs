//! How alike two texts are.

use std::collections::HashMap;
use std::hash::Hash;

/// Words in lower case; each CJK character is a word.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        let cjk = matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}');
        if (cjk || !c.is_alphanumeric()) && !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if cjk {
            tokens.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

/// Share of `wanted` that `found` has too, both as multisets; 1 when nothing is wanted.
pub(crate) fn recall<T: Eq + Hash>(wanted: &[T], found: &[T]) -> f64 {
    let mut counts: HashMap<&T, i64> = HashMap::new();
    for item in found {
        *counts.entry(item).or_default() += 1;
    }
    let mut hits = 0_usize;
    for item in wanted {
        if let Some(count) = counts.get_mut(item).filter(|count| **count > 0) {
            *count -= 1;
            hits += 1;
        }
    }
    if wanted.is_empty() { 1.0 } else { hits as f64 / wanted.len() as f64 }
}

/// Pairs of neighbours.
pub(crate) fn pairs(tokens: &[String]) -> Vec<(&str, &str)> {
    tokens.iter().zip(tokens.iter().skip(1)).map(|(a, b)| (a.as_str(), b.as_str())).collect()
}

/// Twice the longest common subsequence over both lengths.
pub(crate) fn order_similarity(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() && b.is_empty() {
        return 1.0;
    }
    2.0 * common_subsequence(a, b) as f64 / (a.len() + b.len()) as f64
}

/// Length of the longest common subsequence, 64 places at a time (Hyyrö 2004).
fn common_subsequence(a: &[String], b: &[String]) -> usize {
    let blocks = a.len().div_ceil(64);
    let mut positions: HashMap<&str, Vec<(usize, u64)>> = HashMap::new();
    for (index, word) in a.iter().enumerate() {
        let list = positions.entry(word).or_default();
        match list.last_mut() {
            Some((block, bits)) if *block == index / 64 => *bits |= 1 << (index % 64),
            _ => list.push((index / 64, 1 << (index % 64))),
        }
    }
    let mut state = vec![u64::MAX; blocks];
    for word in b {
        let Some(list) = positions.get(word.as_str()) else { continue };
        let mut list = list.iter().peekable();
        let mut carry = false;
        for (block, value) in state.iter_mut().enumerate() {
            let matches = list.next_if(|(at, _)| *at == block).map_or(0, |(_, bits)| *bits);
            let matched = *value & matches;
            let (sum, first) = value.overflowing_add(matched);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *value = sum | (*value - matched);
        }
    }
    let last = a.len() % 64;
    state
        .iter()
        .enumerate()
        .map(|(block, value)| {
            let used = if block + 1 == blocks && last > 0 { (1 << last) - 1 } else { u64::MAX };
            (!value & used).count_ones() as usize
        })
        .sum()
}

/// Edit distance of characters over the length of `truth`, white space collapsed; at most 1.
pub(crate) fn character_error_rate(truth: &str, text: &str) -> f64 {
    let collapse =
        |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect::<Vec<char>>();
    let (truth, text) = (collapse(truth), collapse(text));
    if truth.is_empty() {
        return if text.is_empty() { 0.0 } else { 1.0 };
    }
    (edit_distance(&truth, &text) as f64 / truth.len() as f64).min(1.0)
}

/// Myers' bit-parallel algorithm in blocks of 64.
fn edit_distance(pattern: &[char], text: &[char]) -> usize {
    if pattern.is_empty() {
        return text.len();
    }
    let blocks = pattern.len().div_ceil(64);
    let mut positions: HashMap<char, Vec<u64>> = HashMap::new();
    for (index, c) in pattern.iter().enumerate() {
        if let Some(bits) = positions.entry(*c).or_insert_with(|| vec![0; blocks]).get_mut(index / 64) {
            *bits |= 1 << (index % 64);
        }
    }
    let absent = vec![0; blocks];
    let mut state = vec![(u64::MAX, 0_u64); blocks];
    let last = 1_u64 << ((pattern.len() - 1) % 64);
    let mut score = pattern.len();
    for c in text {
        let matches = positions.get(c).unwrap_or(&absent);
        let (mut plus_in, mut minus_in) = (1_u64, 0_u64);
        for (index, ((plus, minus), equal)) in state.iter_mut().zip(matches).enumerate() {
            let vertical = *equal | *minus;
            let equal = *equal | minus_in;
            let horizontal = ((equal & *plus).wrapping_add(*plus) ^ *plus) | equal;
            let mut up = *minus | !(horizontal | *plus);
            let mut down = *plus & horizontal;
            if index == blocks - 1 {
                score = score + usize::from(up & last != 0) - usize::from(down & last != 0);
            }
            let (plus_out, minus_out) = (up >> 63, down >> 63);
            up = up << 1 | plus_in;
            down = down << 1 | minus_in;
            *plus = down | !(vertical | up);
            *minus = up & vertical;
            (plus_in, minus_in) = (plus_out, minus_out);
        }
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edit_distance_agrees_with_the_plain_algorithm() {
        let plain = |a: &[char], b: &[char]| {
            let mut row: Vec<usize> = (0..=b.len()).collect();
            for (i, x) in a.iter().enumerate() {
                let mut diagonal = row[0];
                row[0] = i + 1;
                for (j, y) in b.iter().enumerate() {
                    let best = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
                    diagonal = row[j + 1];
                    row[j + 1] = best;
                }
            }
            row[b.len()]
        };
        let mut seed = 7_u32;
        for length in [1_usize, 5, 63, 64, 65, 130, 200] {
            let mut next = |n: usize| {
                (0..n)
                    .map(|_| {
                        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                        char::from(b'a' + (seed >> 16) as u8 % 4)
                    })
                    .collect::<Vec<char>>()
            };
            let (a, b) = (next(length), next(length + 9));
            assert_eq!(edit_distance(&a, &b), plain(&a, &b), "length {length}");
        }
    }

    #[test]
    fn order_counts() {
        let words = |text: &str| tokens(text);
        assert_eq!(order_similarity(&words("a b c"), &words("a b c")), 1.0);
        assert_eq!(order_similarity(&words("a b c d"), &words("c d a b")), 0.5);
        let long: Vec<String> = (0..300).map(|n| (n % 7).to_string()).collect();
        assert_eq!(common_subsequence(&long, &long[100..]), 200);
        assert_eq!(recall(&words("a a b"), &words("a b c")), 2.0 / 3.0);
    }
}
